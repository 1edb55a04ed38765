#include "common/directory/password_policy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "common/directory/app_password.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kBetter = "several words that do not belong together are good";

// What is no character counts as one for each octet.
std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(std::max<std::size_t>(1, first_character(text).octets));
  return count;
}

// "summer" of "summer2026!": what people put behind a word that was refused is guessed as well.
std::string_view without_ending(std::string_view text) {
  while (!text.empty() && !is_alpha(text.back()) && is_ascii(text.back())) text.remove_suffix(1);
  return text;
}

// What everyone knows of a user.
bool is_own_name(std::string_view text, const Address& user) {
  const std::string_view domain = user.domain;
  const std::string address = user.str();
  const std::array<std::string_view, 4> names{user.local, address, domain,
                                              domain.substr(0, domain.find('.'))};
  return std::find(names.begin(), names.end(), text) != names.end();
}

}  // namespace

std::optional<std::string> fault_of(const PasswordPolicy& policy, const Address& user,
                                    const Secret& password) {
  const Secret text = sasl::prepared(password);
  if (text.reveal().empty()) return "the password is empty";
  const std::string_view given = password.reveal();
  if (given.size() > kMaxPassword)
    return fmt::format("the password has more than {} octets; choose a shorter one", kMaxPassword);
  if (std::any_of(given.begin(), given.end(), is_control))
    return "the password has a control character, as a tab or a NUL; nobody can type it at a "
           "login: leave it out";
  if (selector_of(password.reveal()))
    return "the password has the form of an app password; add one with: postrider user "
           "app-password add";
  const std::size_t length = count_characters(text.reveal());
  if (length < policy.min_length)
    return fmt::format("the password has {} characters; at least {} are needed ({})", length,
                       policy.min_length, kBetter);
  const Secret lower(to_lower(text.reveal()));
  for (const std::string_view one : {lower.reveal(), without_ending(lower.reveal())}) {
    if (is_own_name(one, user))
      return fmt::format(
          "the password is made of the user's own name or domain; choose another "
          "({})",
          kBetter);
    if (policy.common.contains(one))
      return fmt::format(
          "the password is one of those that are guessed first, or one with something behind it; "
          "choose another ({})",
          kBetter);
  }
  return std::nullopt;
}

}  // namespace postrider::directory
