#include "ctl/monitor/chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

using std::chrono::minutes;

// The drawing's own units; it is stretched to its place.
constexpr double kWidth = 600;
constexpr double kHeight = 150;
// Samples further apart say nothing of the time between them.
constexpr std::chrono::seconds kGap = 6 * kSampleInterval;

WallTime begin_of(WallTime now, std::size_t minute) {
  return now - kChartSpan + minutes(static_cast<int>(minute));
}

// The last sample at `time` or before, no older than kGap.
const Sample* at(const Samples& samples, WallTime time) {
  const auto later =
      std::upper_bound(samples.begin(), samples.end(), time,
                       [](WallTime when, const Sample& sample) { return when < sample.time; });
  if (later == samples.begin() || time - (later - 1)->time > kGap) return nullptr;
  return &*(later - 1);
}

double largest(const Points& points) {
  double most = 0;
  for (const auto& point : points) most = std::max(most, point.value_or(0));
  return most;
}

// What is a line where it is stroked, and an area down to the ground where it is filled.
struct Path {
  std::string line;
  std::string area;
};

Path path_of(const Points& points, double most, double height) {
  Path path;
  double begun = 0;
  double last = 0;
  const auto close = [&] {
    if (!path.line.empty() && last > begun)
      path.area += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}Z", last, height, begun, height);
  };
  bool drawing = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i]) {
      if (std::exchange(drawing, false)) close();
      continue;
    }
    const double x = kWidth * static_cast<double>(i) / static_cast<double>(points.size() - 1);
    const double y = height - 2 - (height - 4) * *points[i] / most;
    const std::string step = fmt::format("{}{:.1f} {:.1f}", drawing ? 'L' : 'M', x, y);
    path.line += step;
    path.area += step;
    if (!std::exchange(drawing, true)) begun = x;
    last = x;
  }
  if (drawing) close();
  return path;
}

bool is_known(const std::vector<Line>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const Line& line) {
    return std::count_if(line.points.begin(), line.points.end(),
                         [](const auto& point) { return point.has_value(); }) > 1;
  });
}

std::string rounded(double value) {
  if (value >= 10'000) return fmt::format("{:.0f}k", value / 1000);
  return fmt::format("{:.0f}", value);
}

// For those who do not see it.
std::string description(std::string_view title, std::string_view unit,
                        const std::vector<Line>& lines) {
  std::string text(title);
  for (const Line& line : lines)
    text +=
        fmt::format("; {}: now {}, at most {}{}", line.name,
                    rounded(line.points.back().value_or(0)), rounded(largest(line.points)), unit);
  return text;
}

}  // namespace

Points growth_by_minute(const Samples& samples, WallTime now, Series series) {
  Points points(kChartPoints);
  for (std::size_t i = 0; i < kChartPoints; ++i) {
    const Sample* const first = at(samples, begin_of(now, i));
    const Sample* const last = at(samples, begin_of(now, i + 1));
    if (first == nullptr || last == nullptr || first == last || (*last)[series] < (*first)[series])
      continue;
    const std::chrono::duration<double, std::ratio<60>> time = last->time - first->time;
    points[i] = static_cast<double>((*last)[series] - (*first)[series]) / time.count();
  }
  return points;
}

Points level_by_minute(const Samples& samples, WallTime now, Series series) {
  Points points(kChartPoints);
  for (std::size_t i = 0; i < kChartPoints; ++i)
    if (const Sample* const last = at(samples, begin_of(now, i + 1)))
      points[i] = static_cast<double>((*last)[series]);
  return points;
}

double round_up(double value) {
  if (value <= 1) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0})
    if (value <= step * power) return step * power;
  return 10 * power;
}

Html chart(std::string_view title, std::string_view unit, const std::vector<Line>& lines) {
  double most = 0;
  for (const Line& line : lines) most = std::max(most, largest(line.points));
  most = round_up(most);
  Html html;
  html.add("<figure class=\"chart\"><figcaption><b>", title, "</b><span class=\"legend\">");
  for (const Line& line : lines)
    html.add("<span><i class=\"key ", line.style, "\"></i>", line.name, "</span>");
  html.add("</span></figcaption>");
  if (!is_known(lines))
    return html.add(
        "<p class=\"none\">It is drawn as time passes: a point each minute.</p></figure>");
  html.add("<div class=\"plot\"><div class=\"scale\"><span>", rounded(most), "</span><span>",
           most >= 2 ? rounded(most / 2) : std::string(), "</span><span>0</span></div>",
           "<svg viewBox=\"0 0 600 150\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"",
           description(title, unit, lines),
           "\"><path class=\"grid\" d=\"M0 2H600M0 75H600M0 148H600\"/>");
  for (const Line& line : lines) {
    const Path path = path_of(line.points, most, kHeight);
    html.add("<path class=\"area ", line.style, "\" d=\"", path.area, "\"/><path class=\"line ",
             line.style, "\" d=\"", path.line, "\"/>");
  }
  return html.add("</svg></div><div class=\"times\"><span>an hour ago</span><span>30 min",
                  "</span><span>now</span></div></figure>");
}

Html sparkline(const Points& points, std::string_view style) {
  constexpr double kSparkHeight = 40;
  const double most = std::max(1.0, largest(points));
  const Path path = path_of(points, most, kSparkHeight);
  Html html;
  return html.add(
      "<svg class=\"spark\" viewBox=\"0 0 600 40\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\"><path class=\"area ",
      style, "\" d=\"", path.area, "\"/><path class=\"line ", style, "\" d=\"", path.line,
      "\"/></svg>");
}

}  // namespace postrider::ctl
