// exposition.h - a survey as Prometheus reads it (text format 0.0.4).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ctl/monitor/survey.h"

namespace postrider::ctl {

// Of a metric that no worker counts: it is computed from a survey.
struct ComputedText {
  std::string_view name;
  std::string_view type;    // "gauge" or "counter"
  std::string_view labels;  // their names, "process, worker"; empty: none
  std::string_view meaning;
};
std::span<const ComputedText> computed_metrics() noexcept;

// `survey`: of depth ages at least.
std::string exposition(const Survey& survey, std::string_view version);

}  // namespace postrider::ctl
