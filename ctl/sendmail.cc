#include "ctl/sendmail.h"

#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "common/config/settings.h"
#include "ctl/context.h"
#include "ctl/outgoing_message.h"
#include "ctl/submission.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

constexpr std::size_t kInputChunk = 1U << 16U;

int refuse(int status, std::string_view text) {
  fmt::print(stderr, "sendmail: {}\n", text);
  return status;
}

// Standard input up to `limit` octets; nothing if there is more.
Result<std::string> read_message(std::uint64_t limit) {
  std::string text;
  while (text.size() <= limit) {
    const std::size_t size = text.size();
    text.resize(size + kInputChunk);
    const ssize_t n = ::read(STDIN_FILENO, text.data() + size, kInputChunk);
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return text;
    if (n < 0 && errno != EINTR) return fail_errno("standard input", errno);
  }
  return fail(
      ErrorKind::invalid,
      fmt::format("the message is larger than {} octets (smtpd.message_size_limit)", limit));
}

// A name without a domain is one of this host.
std::string qualified(const std::string& address, const std::string& hostname) {
  return address.find('@') == std::string::npos ? address + "@" + hostname : address;
}

std::string own_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : std::to_string(::getuid());
}

std::string sender_of(const SendmailOptions& options, const std::string& hostname) {
  if (options.sender == "<>") return {};
  std::string sender = options.sender.empty() ? own_name() : options.sender;
  if (sender.starts_with('<') && sender.ends_with('>'))
    sender = sender.substr(1, sender.size() - 2);
  return qualified(sender, hostname);
}

// The display name in quotes (RFC 5322 section 3.4), and the address.
std::string from_field(const std::string& full_name, const std::string& sender) {
  if (full_name.empty()) return sender;
  std::string name;
  for (const char c : full_name)
    if (c != '"' && c != '\\' && c != '\r' && c != '\n') name += c;
  return fmt::format("\"{}\" <{}>", name, sender);
}

// The path of the socket that smtpd takes mail of this host's programs by.
std::optional<std::string> local_socket(const config::Settings& settings) {
  for (const config::SmtpListener& listener : settings.smtpd.listen)
    if (listener.mode == config::SmtpMode::local)
      return std::string(*config::unix_path(listener.address));
  return std::nullopt;
}

int worse(int one, int other) { return one == EX_UNAVAILABLE || other == EX_OK ? one : other; }

// "too many recipients": the rest may come in another transaction (RFC 5321 section 4.5.3.1.10).
bool is_one_too_many(const smtp::RecipientOutcome& outcome) {
  return outcome.outcome == smtp::Outcome::deferred && outcome.reply.status == "4.5.3";
}

// Says what became of the recipients that were refused; the worst of it is the exit status. Those
// that one transaction cannot take become `rest`.
int report(const std::vector<smtp::RecipientOutcome>& outcomes,
           const std::vector<smtp::ClientRecipient>& recipients,
           std::vector<smtp::ClientRecipient>& rest) {
  int status = EX_OK;
  rest.clear();
  const bool any = std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
    return outcome.outcome == smtp::Outcome::delivered;
  });
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].outcome == smtp::Outcome::delivered) continue;
    if (any && is_one_too_many(outcomes[i])) {
      rest.push_back(recipients[i]);
      continue;
    }
    const bool failed = outcomes[i].outcome == smtp::Outcome::failed;
    status = worse(status, failed ? EX_UNAVAILABLE : EX_TEMPFAIL);
    refuse(status, fmt::format("{}: {}", printable(recipients[i].address),
                               printable(smtp::to_line(outcomes[i].reply))));
  }
  return status;
}

// The same where nobody answered: once some have the message, the others are named.
int report(const Error& error, const std::vector<smtp::ClientRecipient>& recipients, bool first) {
  if (first) return refuse(EX_TEMPFAIL, printable(error.text));
  for (const smtp::ClientRecipient& recipient : recipients)
    refuse(EX_TEMPFAIL, fmt::format("{}: {}", printable(recipient.address), printable(error.text)));
  return EX_TEMPFAIL;
}

// Each recipient once.
smtp::ClientTransaction envelope_of(const SendmailOptions& options, const OutgoingMessage& message,
                                    const std::string& hostname) {
  smtp::ClientTransaction transaction;
  transaction.sender = sender_of(options, hostname);
  std::set<std::string> known;
  for (const auto& recipients : {options.recipients, message.recipients})
    for (const std::string& recipient : recipients)
      if (const auto [address, is_new] = known.insert(qualified(recipient, hostname)); is_new)
        transaction.recipients.push_back({*address, "", ""});
  transaction.size = message.content.size();
  transaction.eight_bit = message.eight_bit;
  return transaction;
}

OutgoingMessage message_of(std::string_view text, const SendmailOptions& options,
                           const std::string& hostname) {
  const std::string sender = sender_of(options, hostname);
  return prepare(text,
                 {.dot_ends = options.dot_ends,
                  .read_recipients = options.read_recipients,
                  .from = from_field(options.full_name,
                                     sender.empty() ? qualified(own_name(), hostname) : sender)});
}

// An address that could end an SMTP command, or nothing.
std::optional<std::string> unsafe_address(const smtp::ClientTransaction& transaction) {
  if (smtp::is_unsafe_in_command(transaction.sender)) return transaction.sender;
  for (const smtp::ClientRecipient& recipient : transaction.recipients)
    if (smtp::is_unsafe_in_command(recipient.address)) return recipient.address;
  return std::nullopt;
}

}  // namespace

int sendmail(const SendmailOptions& options) {
  if (!options.wrong.empty()) return refuse(EX_USAGE, options.wrong);
  Context context;
  context.config_path = options.config_path;
  const auto settings = context.settings();
  if (!settings) return EX_CONFIG;
  const auto socket = local_socket(*settings);
  if (!socket) return refuse(EX_CONFIG, "smtpd.listen has no listener of mode local");
  const auto text = read_message(settings->smtpd.message_size_limit);
  if (!text)
    return refuse(text.error().kind == ErrorKind::invalid ? EX_DATAERR : EX_IOERR,
                  text.error().text);
  const OutgoingMessage message = message_of(*text, options, settings->hostname);
  smtp::ClientTransaction transaction = envelope_of(options, message, settings->hostname);
  if (transaction.recipients.empty()) return refuse(EX_USAGE, "no recipients");
  if (const auto unsafe = unsafe_address(transaction))
    return refuse(EX_DATAERR, fmt::format("'{}' is not an address", printable(*unsafe)));
  int status = EX_OK;
  for (bool first = true; !transaction.recipients.empty(); first = false) {
    const auto outcomes = submit(*socket, settings->hostname, transaction, message.content);
    if (!outcomes) return worse(status, report(outcomes.error(), transaction.recipients, first));
    std::vector<smtp::ClientRecipient> rest;
    status = worse(status, report(*outcomes, transaction.recipients, rest));
    transaction.recipients = std::move(rest);
  }
  return status;
}

}  // namespace postrider::ctl
