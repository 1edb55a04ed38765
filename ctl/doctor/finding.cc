#include "ctl/doctor/finding.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

// As wrapped() has it for what follows a first line.
const std::string kMendIndent = "    ";

}  // namespace

std::string_view name_of(Health health) noexcept {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warning: return "warning";
    case Health::wrong: return "wrong";
  }
  return "wrong";
}

void sort(std::vector<Diagnosis>& findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Diagnosis& a, const Diagnosis& b) { return a.health < b.health; });
}

nlohmann::json to_json(const std::vector<Diagnosis>& findings) {
  auto all = nlohmann::json::array();
  for (const Diagnosis& finding : findings)
    all.push_back({{"area", finding.area},
                   {"health", name_of(finding.health)},
                   {"text", finding.text},
                   {"mend", finding.mend}});
  return all;
}

std::string to_text(const std::vector<Diagnosis>& findings, std::size_t width) {
  std::string text;
  for (const Diagnosis& finding : findings) {
    text += wrapped(fmt::format("{:<7}  {}: {}", name_of(finding.health), finding.area,
                                printable(finding.text)),
                    width);
    if (!finding.mend.empty())
      text += kMendIndent +
              wrapped(printable(finding.mend), width - std::min(width, kMendIndent.size()));
  }
  return text;
}

}  // namespace postrider::ctl
