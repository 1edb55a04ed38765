#include "common/checks/verdict.h"

#include <algorithm>
#include <array>

namespace postrider::checks {

const Verdict* decisive(const Verdicts& verdicts) noexcept {
  using config::CheckAction;
  for (const CheckAction action : std::array{CheckAction::refuse, CheckAction::defer}) {
    const auto found = std::find_if(verdicts.begin(), verdicts.end(),
                                    [&](const Verdict& v) { return v.action == action; });
    if (found != verdicts.end()) return &*found;
  }
  return nullptr;
}

std::string names_of(const Verdicts& verdicts) {
  std::string names;
  for (const Verdict& verdict : verdicts) {
    if (!names.empty()) names += ',';
    names += verdict.check;
  }
  return names;
}

}  // namespace postrider::checks
