#include "common/trace/belonging.h"

#include <algorithm>
#include <array>

namespace postrider::trace {

namespace {

// The values that are names. Of what queued and deliverd tell of a recipient there is nothing that
// was not told before.
struct Named {
  std::string_view event;
  std::array<std::string_view, 3> keys;
};
constexpr std::array kNamed{
    Named{"accepted", {"from", "to", "message_id"}},
    Named{"recipient", {"to", "", ""}},
    Named{"recipient_refused", {"from", "to", ""}},
    Named{"message_refused", {"from", "message_id", ""}},
    Named{"message_abandoned", {"from", "message_id", ""}},
    Named{"expanded", {"to", "", ""}},
    Named{"report", {"to", "", ""}},
};

}  // namespace

std::vector<Owner> owners_of(const Values& values) {
  std::vector<Owner> owners;
  const auto add = [&](std::string_view key) {
    const std::string_view id = value_of(values, key);
    if (const auto subject = subject_of(id)) owners.emplace_back(*subject, id);
  };
  add("id");
  if (owners.empty()) add("session");
  add("of");
  return owners;
}

std::vector<std::string> names_of(std::string_view event, const Values& values) {
  std::vector<std::string> names;
  const auto* const named = std::find_if(kNamed.begin(), kNamed.end(),
                                         [&](const Named& one) { return one.event == event; });
  if (named == kNamed.end()) return names;
  for (const std::string_view key : named->keys) {
    std::string name = plain_name(value_of(values, key));
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string_view value_of(const Values& values, std::string_view key) noexcept {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& one) { return one.first == key; });
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace postrider::trace
