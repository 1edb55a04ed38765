#include "common/smtp/client_transaction.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/xtext.h"

namespace postrider::smtp {

namespace {

RecipientOutcome hopeless(const char* status, std::string why) {
  return {Outcome::failed, {0, status, std::move(why)}};
}

RecipientOutcome needs_smtputf8(std::string_view what) {
  return hopeless("5.6.7", fmt::format("{} needs SMTPUTF8, which the server does not offer", what));
}

bool is_beyond_ascii(const ClientRecipient& recipient) { return !is_all_ascii(recipient.address); }

// RFC 6531 section 3.4: where an address of it or its header is beyond ASCII.
bool is_smtputf8(const ClientTransaction& transaction) {
  return transaction.smtputf8 || !is_all_ascii(transaction.sender) ||
         std::any_of(transaction.recipients.begin(), transaction.recipients.end(), is_beyond_ascii);
}

}  // namespace

bool is_unsafe_in_command(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), is_control);
}

std::string mail_command(const ClientTransaction& transaction, const Extensions& offered) {
  std::string command = fmt::format("MAIL FROM:<{}>", transaction.sender);
  if (offered.size) command += fmt::format(" SIZE={}", transaction.size);
  if (offered.eight_bit_mime && transaction.eight_bit) command += " BODY=8BITMIME";
  if (offered.smtputf8 && is_smtputf8(transaction)) command += " SMTPUTF8";
  if (offered.requiretls && transaction.tls_required) command += " REQUIRETLS";
  if (offered.mt_priority && transaction.priority != 0)
    command += fmt::format(" MT-PRIORITY={}", transaction.priority);
  if (offered.dsn && !transaction.ret.empty()) command += fmt::format(" RET={}", transaction.ret);
  if (offered.dsn && !transaction.envid.empty())
    command += fmt::format(" ENVID={}", to_xtext(transaction.envid));
  return command += "\r\n";
}

std::string rcpt_command(const ClientRecipient& recipient, const Extensions& offered) {
  std::string command = fmt::format("RCPT TO:<{}>", recipient.address);
  if (offered.dsn && !recipient.notify.empty())
    command += fmt::format(" NOTIFY={}", recipient.notify);
  if (offered.dsn && !recipient.orcpt.empty()) command += fmt::format(" ORCPT={}", recipient.orcpt);
  return command += "\r\n";
}

std::optional<RecipientOutcome> obstacle(const ClientTransaction& transaction,
                                         const Extensions& offered) {
  if (is_unsafe_in_command(transaction.sender) || is_unsafe_in_command(transaction.ret))
    return hopeless("5.1.7", "the sender's address holds a control character");
  if (offered.size_limit != 0 && transaction.size > offered.size_limit)
    return hopeless("5.3.4", fmt::format("the message has {} octets, the server takes at most {}",
                                         transaction.size, offered.size_limit));
  // RFC 6531 section 3.2
  if (transaction.smtputf8 && !offered.smtputf8) return needs_smtputf8("the message's header");
  if (!is_all_ascii(transaction.sender) && !offered.smtputf8)
    return needs_smtputf8("the sender's address");
  return std::nullopt;
}

std::optional<RecipientOutcome> tls_obstacle(const ClientTransaction& transaction,
                                             const Extensions& offered, TlsLevel level) {
  if (!transaction.tls_required || transaction.sender.empty()) return std::nullopt;
  if (level != TlsLevel::verify)
    return RecipientOutcome{
        Outcome::untried,
        {0, "5.7.10", "REQUIRETLS: the session is not under TLS with a server that is verified"}};
  if (!offered.requiretls)
    return RecipientOutcome{Outcome::untried,
                            {0, "5.7.30", "REQUIRETLS: the server does not offer it"}};
  return std::nullopt;
}

std::optional<RecipientOutcome> obstacle(const ClientRecipient& recipient,
                                         const Extensions& offered) {
  if (is_unsafe_in_command(recipient.address) || is_unsafe_in_command(recipient.notify) ||
      is_unsafe_in_command(recipient.orcpt))
    return hopeless("5.1.3", "the address holds a control character");
  if (is_beyond_ascii(recipient) && !offered.smtputf8) return needs_smtputf8("the address");
  return std::nullopt;
}

bool is_final(const Reply& reply) noexcept {
  return reply.permanent() || (reply.code == 0 && reply.status.starts_with('5'));
}

Outcome outcome_of(const Reply& reply) noexcept {
  if (reply.code >= 200 && reply.code < 300) return Outcome::delivered;
  return reply.permanent() ? Outcome::failed : Outcome::deferred;
}

std::string status_of(const RecipientOutcome& outcome) {
  std::string status = outcome.reply.status.empty() ? "0.0.0" : outcome.reply.status;
  switch (outcome.outcome) {
    case Outcome::delivered: status.front() = '2'; break;
    case Outcome::failed: status.front() = '5'; break;
    case Outcome::deferred:
    case Outcome::untried: status.front() = '4'; break;
  }
  return status;
}

}  // namespace postrider::smtp
