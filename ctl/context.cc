#include "ctl/context.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/write_all.h"
#include "common/config/daemon.h"
#include "common/config/load.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

constexpr const char* kConfigVariable = "POSTRIDER_CONFIG";
constexpr int kJsonIndent = 2;

// In ASCII: no character of a message controls the terminal.
std::string dumped(const nlohmann::json& document, int indent) {
  constexpr bool kEnsureAscii = true;
  return document.dump(indent, ' ', kEnsureAscii, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string one_line(const nlohmann::json& document) { return dumped(document, -1); }

std::string Context::configuration_file() const {
  if (!config_path.empty()) return config_path;
  const char* variable = std::getenv(kConfigVariable);
  return variable != nullptr && *variable != '\0' ? variable : std::string(config::kDefaultPath);
}

std::optional<config::Settings> Context::settings() {
  auto settings = config::load(configuration_file());
  if (settings) return std::move(*settings);
  refuse(ExitStatus::configuration, settings.error().text);
  return std::nullopt;
}

void Context::answer(const nlohmann::json& document, const std::string& text) const {
  if (json) {
    fmt::print("{}\n", dumped(document, kJsonIndent));
  } else {
    fmt::print("{}", text);
  }
}

void Context::refuse(const Error& error) { refuse(status_of(error.kind), printable(error.text)); }

void Context::refuse(ExitStatus why, const std::string& text) {
  std::fflush(stdout);
  // A terminal that is gone does not hear it; the status is told all the same.
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("postrider: {}\n", text)));
  status = why;
}

}  // namespace postrider::ctl
