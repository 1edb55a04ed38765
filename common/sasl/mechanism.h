// mechanism.h - the SASL mechanisms that our servers know.
//
// RFC 4422 (SASL); RFC 4616 (PLAIN), RFC 5802 and RFC 7677 (SCRAM-SHA-256, and -PLUS with channel
// binding). LOGIN has no RFC, and clients that know nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::sasl {

enum class Mechanism : std::uint8_t { plain, login, scram_sha_256, scram_sha_256_plus };

// Whether the connection has a channel binding, which SCRAM-SHA-256-PLUS needs.
enum class Binding : std::uint8_t { none, possible };

std::string_view name_of(Mechanism mechanism) noexcept;

// The mechanism that `name` names, in any case, if it can be used with that binding.
std::optional<Mechanism> find_mechanism(std::string_view name, Binding binding) noexcept;

// The names of those that can be used with that binding, the strongest first, separated by spaces.
std::string mechanism_names(Binding binding);

}  // namespace postrider::sasl
