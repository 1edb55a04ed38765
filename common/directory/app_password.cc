#include "common/directory/app_password.h"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "common/base/ascii.h"
#include "common/base/check.h"

namespace postrider::directory {

namespace {

// None that is taken for another when it is read aloud or typed again.
constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(kLetters.size() == 32);
constexpr std::size_t kGroups = 4;
constexpr std::size_t kGroup = 5;
constexpr char kBetween = '-';
constexpr std::size_t kLength = kGroups * (kGroup + 1) - 1;

bool is_between(std::size_t place) noexcept { return place % (kGroup + 1) == kGroup; }

}  // namespace

Secret new_app_password() {
  POSTRIDER_CHECK(::sodium_init() >= 0);
  std::string text(kLength, kBetween);
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!is_between(i)) text[i] = kLetters[::randombytes_uniform(kLetters.size())];
  return Secret(std::move(text));
}

std::optional<std::string_view> selector_of(std::string_view password) noexcept {
  if (password.size() != kLength) return std::nullopt;
  for (std::size_t i = 0; i < password.size(); ++i) {
    const bool is_letter = kLetters.find(password[i]) != std::string_view::npos;
    if (is_between(i) ? password[i] != kBetween : !is_letter) return std::nullopt;
  }
  return password.substr(0, kGroup);
}

bool is_app_password_name(std::string_view name) noexcept {
  constexpr std::size_t kMaxName = 64;
  return !name.empty() && name.size() <= kMaxName &&
         std::none_of(name.begin(), name.end(), is_control);
}

std::string Scope::str() const {
  return fmt::format("{}{}{}", smtp ? "smtp" : "", smtp && pop3 ? "," : "", pop3 ? "pop3" : "");
}

Result<Scope> parse_scope(std::string_view text) {
  Scope scope;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = rest.substr(0, comma);
    if (word != "smtp" && word != "pop3")
      return fail(ErrorKind::invalid,
                  fmt::format("'{}' is not a scope; write smtp, pop3, or smtp,pop3", text));
    (word == "smtp" ? scope.smtp : scope.pop3) = true;
    if (comma == rest.size()) return scope;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace postrider::directory
