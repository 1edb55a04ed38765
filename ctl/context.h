// context.h - what every command of `postrider` shares: where the configuration is, how to answer.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/config/settings.h"
#include "ctl/exit_status.h"

namespace postrider::ctl {

// A document without line breaks; octets that are not UTF-8, as addresses and replies may hold, are
// shown as U+FFFD.
std::string one_line(const nlohmann::json& document);

class Context {
 public:
  std::string config_path;  // --config
  bool json = false;        // --json
  ExitStatus status = ExitStatus::done;

  // --config, else $POSTRIDER_CONFIG, else config::kDefaultPath.
  std::string configuration_file() const;

  // The configuration, or nothing after its errors were shown and `status` was set.
  std::optional<config::Settings> settings();

  // Shows the answer: `document` with --json, `text` (printable, ending in a line break) without.
  void answer(const nlohmann::json& document, const std::string& text) const;

  // Shows an error on standard error, where there is one, and sets `status`. Its text may hold what
  // came from outside.
  void refuse(const Error& error);
  // The same of `text`, which is printable, perhaps of several lines.
  void refuse(ExitStatus why, const std::string& text);
};

}  // namespace postrider::ctl
