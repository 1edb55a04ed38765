// overview.h - a survey in the words of a terminal: what `postrider status` and `postrider top`
// show. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/config/settings.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"
#include "ctl/monitor/warnings.h"

namespace postrider::ctl {

// A second, of what happens; nothing: it is not known.
struct Rates {
  std::optional<double> accepted, refused, delivered, failed, deferred, connections, logins,
      retrieved;
};
// Of `span` before `now`.
Rates rates_of(const Samples& samples, const Sample& now, std::chrono::seconds span);

// All that `postrider status --json` tells; keys are stable.
nlohmann::json to_json(const Survey& survey, const Rates& rates,
                       const std::vector<Warning>& warnings);
// Lines of at most `width` characters where they can be broken; 0: as long as they are.
std::string status_text(const Survey& survey, const Rates& rates,
                        const std::vector<Warning>& warnings, std::size_t width);

// A screen of `postrider top`, of at most `height` lines (0: all) that are cut at `width`.
struct ScreenSize {
  std::size_t width = 0;
  std::size_t height = 0;
};
std::string top_screen(const Survey& survey, const Rates& rates,
                       const std::vector<Warning>& warnings, const config::Settings& settings,
                       ScreenSize size);

}  // namespace postrider::ctl
