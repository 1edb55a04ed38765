#include "common/directory/address.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/smtp/international_domain.h"

namespace postrider::directory {

namespace {

constexpr std::size_t kMaxLocalPart = 64;

bool is_mailbox_name(std::string_view local) noexcept {
  return is_alnum(local.front()) && std::all_of(local.begin(), local.end(), [](char c) {
           return is_alnum(c) || c == '.' || c == '_' || c == '=' || c == '-';
         });
}

// atext of RFC 5322 section 3.2.3.
bool is_atext(char c) noexcept {
  return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Dot-string = Atom *("." Atom)
bool is_dot_string(std::string_view local) noexcept {
  return local.front() != '.' && local.back() != '.' &&
         local.find("..") == std::string_view::npos &&
         std::all_of(local.begin(), local.end(), [](char c) { return is_atext(c) || c == '.'; });
}

// The parts with the domain in lower case; the domain is right and the local part has its length.
Result<Address> split_checked(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("'{}' has no @; write NAME@DOMAIN", text));
  auto domain = parse_domain(text.substr(at + 1));
  if (!domain) return pass_on(std::move(domain.error()));
  if (at > kMaxLocalPart)
    return fail(ErrorKind::invalid,
                fmt::format("'{}' has more than {} octets before the @", text, kMaxLocalPart));
  return Address{std::string(text.substr(0, at)), std::move(*domain)};
}

tl::unexpected<Error> wrong_local(std::string_view text, std::string_view right) {
  return fail(ErrorKind::invalid, fmt::format("'{}': before the @ stand {}", text, right));
}

// In lower case, with A-labels; what is no domain is left as it is.
std::string folded_domain(std::string_view domain) {
  if (!is_all_ascii(domain))
    if (auto labels = smtp::to_a_labels(domain)) return std::move(*labels);
  return to_lower(domain);
}

constexpr std::string_view kDotAtom = "letters, digits, dots between them, and !#$%&'*+-/=?^_`{|}~";

}  // namespace

std::optional<Address> split_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  return Address{to_lower(text.substr(0, at)), folded_domain(text.substr(at + 1))};
}

std::string_view without_tag(std::string_view local) noexcept {
  const std::size_t plus = local.find('+');
  return plus == 0 ? local : local.substr(0, plus);
}

Result<Address> parse_mailbox_address(std::string_view text) {
  auto address = split_checked(text);
  if (!address) return address;
  if (address->local.empty() || !is_mailbox_name(address->local) || !is_dot_string(address->local))
    return wrong_local(text, "letters, digits, and . _ = - (a letter or digit first)");
  address->local = to_lower(address->local);
  return address;
}

Result<Address> parse_alias_address(std::string_view text) {
  auto address = split_checked(text);
  if (!address) return address;
  if (!address->local.empty() && !is_dot_string(address->local)) return wrong_local(text, kDotAtom);
  address->local = to_lower(address->local);
  return address;
}

Result<Address> parse_target_address(std::string_view text) {
  auto address = split_checked(text);
  if (!address) return address;
  if (address->local.empty() || !is_dot_string(address->local)) return wrong_local(text, kDotAtom);
  return address;
}

Result<std::string> parse_domain(std::string_view text) {
  auto domain = folded_domain(text);
  if (!is_domain_name(domain))
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a domain, as in example.org", text));
  return domain;
}

}  // namespace postrider::directory
