#include "common/smtp/parameters.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/base/unitext.h"
#include "common/base/xtext.h"
#include "common/smtp/notify.h"

namespace postrider::smtp {

namespace {

// RFC 5321 section 4.1.2: esmtp-param = esmtp-keyword ["=" esmtp-value]
struct Parameter {
  std::string_view keyword;
  std::string_view value;  // empty without "="
  bool has_value = false;
};

// Takes the parameter that stands before the next space; `parameters` is not empty and begins with
// no space.
Parameter take_parameter(std::string_view& parameters) {
  const std::string_view word = parameters.substr(0, parameters.find(' '));
  parameters.remove_prefix(word.size());
  parameters.remove_prefix(std::min(parameters.find_first_not_of(' '), parameters.size()));
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {word};
  return {word.substr(0, equals), word.substr(equals + 1), true};
}

// RFC 1870 section 3: size-value = 1*20DIGIT.
bool set_size(std::string_view digits, MailArguments& mail) {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  mail.size = error == std::errc() ? size : std::numeric_limits<std::uint64_t>::max();
  return true;
}

bool set_body(std::string_view value, MailArguments& mail) {
  if (equals_ignoring_case(value, "8BITMIME")) {
    mail.body = Body::eight_bit_mime;
    return true;
  }
  if (equals_ignoring_case(value, "BINARYMIME")) {
    mail.body = Body::binary_mime;
    return true;
  }
  return equals_ignoring_case(value, "7BIT");
}

bool set_smtputf8(std::string_view value, MailArguments& mail) {
  mail.charset = Charset::utf8;
  return value.empty();
}

bool set_tls_required(std::string_view value, MailArguments& mail) {
  mail.tls_required = true;
  return value.empty();
}

// future-release-integer = NZDIGIT *8DIGIT
bool set_hold_for(std::string_view digits, MailArguments& mail) {
  constexpr std::size_t kMaxDigits = 9;
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (digits.size() > kMaxDigits || digits.front() == '0') return false;
  mail.hold_for = std::chrono::seconds(count);
  return true;
}

bool set_hold_until(std::string_view value, MailArguments& mail) {
  mail.hold_until = parse_timestamp(value);
  return mail.hold_until.has_value();
}

// The reply that refuses how long the message is to be held, if any.
std::optional<Reply> judge_hold(const MailArguments& mail, const Extensions& offered) {
  if (mail.hold_for && mail.hold_until)
    return Reply{501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other"};
  if (mail.hold_for > offered.future_release_max || mail.hold_until > offered.future_release_until)
    return Reply{501, "5.5.4",
                 fmt::format("a message is held for at most {} seconds",
                             offered.future_release_max.count())};
  return std::nullopt;
}

// priority-value = (["-"] NZDIGIT) / "0"
bool set_priority(std::string_view value, MailArguments& mail) {
  const bool negative = value.starts_with('-');
  if (negative) value.remove_prefix(1);
  if (value.size() != 1 || !is_digit(value.front()) || (negative && value == "0")) return false;
  mail.priority = (value.front() - '0') * (negative ? -1 : 1);
  return true;
}

bool set_ret(std::string_view value, MailArguments& mail) {
  for (const std::string_view known : {"FULL", "HDRS"})
    if (equals_ignoring_case(value, known)) mail.ret = known;
  return !mail.ret.empty();
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_ascii(c) && !is_control(c); });
}

bool set_envid(std::string_view value, MailArguments& mail) {
  if (value.empty() || value.size() > kMaxEnvid) return false;
  auto decoded = from_xtext(value);
  if (!decoded || !is_printable(*decoded)) return false;
  mail.envid = std::move(*decoded);
  return true;
}

// RFC 4954 section 5: who the mail is from in the eyes of a server that relays it, or "<>". Nobody
// is trusted here to tell, so its form alone is judged.
bool set_auth(std::string_view value, MailArguments& /*mail*/) {
  const auto mailbox = from_xtext(value);
  return mailbox && (*mailbox == "<>" || parse_mailbox(*mailbox, Charset::utf8));
}

bool set_notify(std::string_view value, RcptArguments& rcpt) {
  const auto notify = parse_notify(value);
  if (!notify) return false;
  rcpt.notify = to_value(*notify);
  return true;
}

// The ASCII form of an address of type utf-8, which is a Mailbox (RFC 6533 section 3).
std::optional<std::string> utf8_address(std::string_view unitext) {
  const auto mailbox = from_addr_unitext(unitext);
  if (!mailbox || !parse_mailbox(*mailbox, Charset::utf8)) return std::nullopt;
  return to_addr_xtext(*mailbox);
}

// original-recipient-address = addr-type ";" xtext. What is no xtext stands in no ORCPT; what it
// stands for has no control character either. Type utf-8 alone has an encoding of its own.
bool set_orcpt(std::string_view value, RcptArguments& rcpt) {
  const std::size_t semicolon = value.find(';');
  if (semicolon == 0 || semicolon == std::string_view::npos || value.size() > kMaxOrcpt)
    return false;
  const std::string_view type = value.substr(0, semicolon);
  const std::string_view written = value.substr(semicolon + 1);
  if (equals_ignoring_case(type, "utf-8")) {
    const auto address = utf8_address(written);
    rcpt.orcpt = fmt::format("utf-8;{}", address.value_or(""));
    return address && rcpt.orcpt.size() <= kMaxOrcpt;
  }
  const bool is_atom =
      std::all_of(type.begin(), type.end(), [](char c) { return is_alnum(c) || c == '-'; });
  const auto address = from_xtext(written);
  if (!is_atom || !address || address->empty() || !is_printable(*address)) return false;
  rcpt.orcpt = value;
  return true;
}

constexpr std::string_view kRequireTls = "REQUIRETLS";

template <typename Arguments>
struct Known {
  std::string_view keyword;
  bool Extensions::*extension;                      // that it belongs to
  bool (*set)(std::string_view value, Arguments&);  // false: the value is wrong
};
constexpr auto kOfMail = std::to_array<Known<MailArguments>>({
    {"SIZE", &Extensions::size, &set_size},
    {"BODY", &Extensions::eight_bit_mime, &set_body},
    {"SMTPUTF8", &Extensions::smtputf8, &set_smtputf8},
    {"MT-PRIORITY", &Extensions::mt_priority, &set_priority},
    {kRequireTls, &Extensions::requiretls, &set_tls_required},
    {"HOLDFOR", &Extensions::future_release, &set_hold_for},
    {"HOLDUNTIL", &Extensions::future_release, &set_hold_until},
    {"RET", &Extensions::dsn, &set_ret},
    {"ENVID", &Extensions::dsn, &set_envid},
    {"AUTH", &Extensions::auth, &set_auth},
});
constexpr auto kOfRcpt = std::to_array<Known<RcptArguments>>({
    {"NOTIFY", &Extensions::dsn, &set_notify},
    {"ORCPT", &Extensions::dsn, &set_orcpt},
});

// A client that asks for TLS onward and speaks in the clear can mend that.
Reply not_known(const Parameter& parameter, const Extensions& offered) {
  if (offered.starttls && equals_ignoring_case(parameter.keyword, kRequireTls))
    return {530, "5.7.0", "REQUIRETLS is for a session under TLS: STARTTLS first"};
  return {555, "5.5.4", "parameter not recognized or not implemented"};
}

template <typename Arguments, std::size_t count>
std::optional<Reply> set_all(const std::array<Known<Arguments>, count>& table,
                             std::string_view parameters, const Extensions& offered,
                             Arguments& arguments) {
  std::bitset<count> seen;
  while (!parameters.empty()) {
    const Parameter parameter = take_parameter(parameters);
    const auto* const known =
        std::find_if(table.begin(), table.end(), [&](const Known<Arguments>& one) {
          return offered.*one.extension && equals_ignoring_case(one.keyword, parameter.keyword);
        });
    if (known == table.end()) return not_known(parameter, offered);
    const auto place = static_cast<std::size_t>(known - table.begin());
    if (seen.test(place)) return Reply{501, "5.5.4", fmt::format("{} given twice", known->keyword)};
    seen.set(place);
    const bool lacks_value = parameter.has_value && parameter.value.empty();
    if (lacks_value || !known->set(parameter.value, arguments))
      return Reply{501, "5.5.4", fmt::format("bad value of {}", known->keyword)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reply> set_parameters(std::string_view parameters, const Extensions& offered,
                                    MailArguments& mail) {
  if (auto refusal = set_all(kOfMail, parameters, offered, mail)) return refusal;
  if (mail.body == Body::binary_mime && !offered.binary_mime)
    return Reply{501, "5.5.4", "BODY=BINARYMIME is not offered"};
  return judge_hold(mail, offered);
}

std::optional<Reply> set_parameters(std::string_view parameters, const Extensions& offered,
                                    Charset charset, RcptArguments& rcpt) {
  if (charset == Charset::ascii && !is_all_ascii(parameters))
    return Reply{501, "5.5.4", "a parameter beyond ASCII needs SMTPUTF8"};
  return set_all(kOfRcpt, parameters, offered, rcpt);
}

}  // namespace postrider::smtp
