#include "common/config/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace postrider::config {

namespace {

constexpr std::size_t kMaxName = 100;

// Levenshtein's distance, a row at a time: row[j] is that of the first i letters of `a` to the
// first j of `b`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> names) {
  if (name.size() > kMaxName) return {};
  std::string_view best;
  std::size_t least = name.size() / 3 + 1;
  for (const std::string_view candidate : names) {
    const std::size_t wrong = distance(name, candidate);
    if (wrong >= least) continue;
    least = wrong;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> names) {
  const std::string_view near = nearest(name, names);
  return near.empty() ? std::string() : fmt::format("; did you mean `{}`?", near);
}

}  // namespace postrider::config
