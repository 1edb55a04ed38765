#include "common/smtp/command.h"

#include <algorithm>
#include <charconv>

#include "common/base/ascii.h"
#include "common/smtp/international_domain.h"

namespace postrider::smtp {

namespace {

Reply bad_argument(std::string_view what) { return {501, "5.5.4", std::string(what)}; }

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

// What an address may be written in, where it is not known yet whether SMTPUTF8 is given.
Charset widest(const Extensions& offered) {
  return offered.smtputf8 ? Charset::utf8 : Charset::ascii;
}

// Gives the reply that refuses the address, if any; `bad_syntax` where its domain is none.
std::optional<Reply> internationalize(Mailbox& mailbox, Charset charset, const Reply& bad_syntax) {
  if (is_all_ascii(mailbox.local_part) && is_all_ascii(mailbox.domain)) return std::nullopt;
  if (charset == Charset::ascii)
    return Reply{553, "5.6.7", "an address beyond ASCII needs SMTPUTF8"};
  if (is_all_ascii(mailbox.domain)) return std::nullopt;
  auto domain = to_a_labels(mailbox.domain);
  if (!domain) return bad_syntax;
  mailbox.domain = std::move(*domain);
  if (mailbox.str().size() > kMaxMailbox) return bad_syntax;  // A-labels may be longer
  return std::nullopt;
}

}  // namespace

CommandLine split_command(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  return {line.substr(0, space), trim(line.substr(space))};
}

Parsed<MailArguments> parse_mail(std::string_view argument, const Extensions& offered) {
  if (!take_keyword(argument, "FROM:"))
    return tl::unexpected(bad_argument("syntax: MAIL FROM:<address>"));
  MailArguments mail;
  const Reply bad_syntax{501, "5.1.7", "bad sender address syntax"};
  auto sender = take_reverse_path(argument, widest(offered));
  if (!sender || !take_space(argument)) return tl::unexpected(bad_syntax);
  mail.sender = std::move(*sender);
  if (auto refusal = set_parameters(argument, offered, mail))
    return tl::unexpected(std::move(*refusal));
  if (auto refusal = internationalize(mail.sender, mail.charset, bad_syntax))
    return tl::unexpected(std::move(*refusal));
  return mail;
}

Parsed<RcptArguments> parse_rcpt(std::string_view argument, const Extensions& offered,
                                 Charset charset) {
  if (!take_keyword(argument, "TO:"))
    return tl::unexpected(bad_argument("syntax: RCPT TO:<address>"));
  RcptArguments rcpt;
  const Reply bad_syntax{501, "5.1.3", "bad recipient address syntax"};
  auto recipient = take_forward_path(argument, widest(offered));
  if (!recipient || !take_space(argument)) return tl::unexpected(bad_syntax);
  rcpt.recipient = std::move(*recipient);
  if (auto refusal = internationalize(rcpt.recipient, charset, bad_syntax))
    return tl::unexpected(std::move(*refusal));
  if (auto refusal = set_parameters(argument, offered, charset, rcpt))
    return tl::unexpected(std::move(*refusal));
  return rcpt;
}

Parsed<Mailbox> parse_vrfy(std::string_view argument, const Extensions& offered) {
  constexpr std::string_view kSmtpUtf8 = " SMTPUTF8";
  const Reply bad_syntax{501, "5.1.3", "bad address syntax"};
  const std::size_t before = argument.size() - std::min(kSmtpUtf8.size(), argument.size());
  const bool utf8 = offered.smtputf8 && equals_ignoring_case(argument.substr(before), kSmtpUtf8);
  std::string_view address = utf8 ? trim(argument.substr(0, before)) : argument;
  if (address.starts_with('<') && address.ends_with('>'))
    address = address.substr(1, address.size() - 2);
  if (!address.empty() && address.find('@') == std::string_view::npos)
    return tl::unexpected(Reply{553, "5.1.3", "whose, of which domain? write NAME@DOMAIN"});
  auto mailbox = parse_mailbox(address, widest(offered));
  if (!mailbox) return tl::unexpected(bad_syntax);
  const Charset charset = utf8 ? Charset::utf8 : Charset::ascii;
  if (auto refusal = internationalize(*mailbox, charset, bad_syntax))
    return tl::unexpected(std::move(*refusal));
  return std::move(*mailbox);
}

std::optional<BdatArguments> parse_bdat(std::string_view argument) {
  const std::string_view digits = argument.substr(0, argument.find(' '));
  const std::string_view marker = trim(argument.substr(digits.size()));
  BdatArguments bdat;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), bdat.octets);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  bdat.last = equals_ignoring_case(marker, "LAST");
  if (!bdat.last && !marker.empty()) return std::nullopt;
  return bdat;
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
