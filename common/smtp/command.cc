#include "common/smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::smtp {

namespace {

// RFC 5321 section 4.1.2: esmtp-param = esmtp-keyword ["=" esmtp-value]
struct Parameter {
  std::string_view keyword;
  std::string_view value;  // empty without "="
};

Reply bad_argument(std::string_view what) {
  return {501, "5.5.4", std::string(what)};
}

Reply unknown_parameter() {
  return {555, "5.5.4", "parameter not recognized or not implemented"};
}

// Takes the parameter that stands before the next space; `parameters` is not empty and begins with
// no space.
Parameter take_parameter(std::string_view& parameters) {
  const std::string_view word = parameters.substr(0, parameters.find(' '));
  parameters.remove_prefix(word.size());
  parameters.remove_prefix(std::min(parameters.find_first_not_of(' '), parameters.size()));
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {word, {}};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// RFC 1870 section 3: size-value = 1*20DIGIT.
std::optional<std::uint64_t> parse_size(std::string_view digits) {
  std::uint64_t size = 0;
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  return error == std::errc() ? size : std::numeric_limits<std::uint64_t>::max();
}

bool set_size(std::string_view value, MailArguments& mail) {
  mail.size = parse_size(value);
  return mail.size.has_value();
}

bool set_body(std::string_view value, MailArguments& mail) {
  if (equals_ignoring_case(value, "8BITMIME")) {
    mail.body = Body::eight_bit_mime;
    return true;
  }
  return equals_ignoring_case(value, "7BIT");
}

// The parameters of MAIL.
struct MailParameter {
  std::string_view keyword;
  bool (*set)(std::string_view value, MailArguments&);  // false: the value is wrong
};
constexpr std::array<MailParameter, 2> kMailParameters{{
    {"SIZE", &set_size},
    {"BODY", &set_body},
}};

// Takes "FROM:" or "TO:" and the white space after it, which RFC 5321 does not have and many
// clients send. False: it is not there.
bool take_keyword(std::string_view& argument, std::string_view keyword) {
  if (!starts_with_ignoring_case(argument, keyword)) return false;
  argument.remove_prefix(keyword.size());
  argument.remove_prefix(std::min(argument.find_first_not_of(' '), argument.size()));
  return true;
}

// After a path comes the end or a space. False: something else.
bool take_space(std::string_view& rest) {
  if (rest.empty()) return true;
  if (rest.front() != ' ') return false;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return true;
}

// Each parameter once. Gives the reply that refuses them, if any.
std::optional<Reply> set_parameters(std::string_view parameters, MailArguments& mail) {
  std::array<bool, kMailParameters.size()> seen{};
  while (!parameters.empty()) {
    const Parameter parameter = take_parameter(parameters);
    const auto* const known = std::find_if(
        kMailParameters.begin(), kMailParameters.end(),
        [&](const MailParameter& p) { return equals_ignoring_case(p.keyword, parameter.keyword); });
    if (known == kMailParameters.end()) return unknown_parameter();
    bool& again = seen[static_cast<std::size_t>(known - kMailParameters.begin())];
    if (again) return bad_argument(fmt::format("{} given twice", known->keyword));
    again = true;
    if (!known->set(parameter.value, mail))
      return bad_argument(fmt::format("bad value of {}", known->keyword));
  }
  return std::nullopt;
}

}  // namespace

CommandLine split_command(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  return {line.substr(0, space), trim(line.substr(space))};
}

Parsed<MailArguments> parse_mail(std::string_view argument) {
  if (!take_keyword(argument, "FROM:"))
    return tl::unexpected(bad_argument("syntax: MAIL FROM:<address>"));
  MailArguments mail;
  auto sender = take_reverse_path(argument);
  if (!sender || !take_space(argument))
    return tl::unexpected(Reply{501, "5.1.7", "bad sender address syntax"});
  mail.sender = std::move(*sender);

  if (auto refusal = set_parameters(argument, mail)) return tl::unexpected(std::move(*refusal));
  return mail;
}

Parsed<Mailbox> parse_rcpt(std::string_view argument) {
  if (!take_keyword(argument, "TO:"))
    return tl::unexpected(bad_argument("syntax: RCPT TO:<address>"));
  auto recipient = take_forward_path(argument);
  if (!recipient || !take_space(argument))
    return tl::unexpected(Reply{501, "5.1.3", "bad recipient address syntax"});
  if (!argument.empty()) return tl::unexpected(unknown_parameter());
  return std::move(*recipient);
}

Parsed<std::string_view> parse_client_name(std::string_view argument) {
  const bool one_word = std::all_of(argument.begin(), argument.end(), [](char c) {
    return is_ascii(c) && !is_control(c) && c != ' ';
  });
  if (argument.empty() || !one_word || argument.size() > kMaxDomain)
    return tl::unexpected(bad_argument("syntax: EHLO name"));
  return argument;
}

}  // namespace postrider::smtp
