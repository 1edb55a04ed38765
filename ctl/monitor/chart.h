// chart.h - lines over the last hour, drawn as SVG that needs no script. Pure.
//
// The drawing stretches with its place; what is to be read stands beside it as text. Colours come
// from the style sheet, by class.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/monitor/html.h"
#include "ctl/monitor/samples.h"

namespace postrider::ctl {

inline constexpr std::chrono::minutes kChartSpan{60};
inline constexpr std::size_t kChartPoints = 60;  // one a minute

// A value for each minute, the oldest first; nothing where it is not known.
using Points = std::vector<std::optional<double>>;

// How much a series that only grows grew in each minute.
Points growth_by_minute(const Samples& samples, WallTime now, Series series);
// How much there was at the end of each minute.
Points level_by_minute(const Samples& samples, WallTime now, Series series);

struct Line {
  std::string_view name;   // "accepted"
  std::string_view style;  // "a", "b" or "c"
  Points points;
};

// The least of 1, 2 or 5 times a power of ten that is no less than `value`, and at least 1.
double round_up(double value);

// With its scale and a legend; `unit` stands behind the numbers of its description.
Html chart(std::string_view title, std::string_view unit, const std::vector<Line>& lines);
// The shape alone, beside a number.
Html sparkline(const Points& points, std::string_view style);

}  // namespace postrider::ctl
