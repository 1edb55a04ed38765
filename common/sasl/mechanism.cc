#include "common/sasl/mechanism.h"

#include <algorithm>
#include <array>

#include "common/base/ascii.h"

namespace postrider::sasl {

namespace {

struct Named {
  Mechanism mechanism;
  std::string_view name;
  bool needs_binding = false;
};
// The strongest first: most clients take the first that they know.
constexpr auto kMechanisms = std::to_array<Named>({
    {Mechanism::scram_sha_256_plus, "SCRAM-SHA-256-PLUS", true},
    {Mechanism::scram_sha_256, "SCRAM-SHA-256"},
    {Mechanism::plain, "PLAIN"},
    {Mechanism::login, "LOGIN"},
});

bool is_usable(const Named& named, Binding binding) noexcept {
  return !named.needs_binding || binding == Binding::possible;
}

}  // namespace

std::string_view name_of(Mechanism mechanism) noexcept {
  return std::find_if(kMechanisms.begin(), kMechanisms.end(),
                      [&](const Named& named) { return named.mechanism == mechanism; })
      ->name;
}

std::optional<Mechanism> find_mechanism(std::string_view name, Binding binding) noexcept {
  for (const Named& named : kMechanisms)
    if (is_usable(named, binding) && equals_ignoring_case(named.name, name)) return named.mechanism;
  return std::nullopt;
}

std::string mechanism_names(Binding binding) {
  std::string names;
  for (const Named& named : kMechanisms) {
    if (!is_usable(named, binding)) continue;
    if (!names.empty()) names += ' ';
    names += named.name;
  }
  return names;
}

}  // namespace postrider::sasl
