// The arguments of MAIL and RCPT: what is taken can be said again by our client and means the same.
#include <string>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/smtp/client_transaction.h"
#include "common/smtp/command.h"

using namespace postrider::smtp;

using namespace std::chrono_literals;

static constexpr Extensions kAll{.eight_bit_mime = true,
                                 .dsn = true,
                                 .smtputf8 = true,
                                 .size = true,
                                 .chunking = true,
                                 .binary_mime = true,
                                 .mt_priority = true,
                                 .future_release = true,
                                 .future_release_max = 3600s,
                                 .future_release_until = postrider::WallTime(1'800'003'600s),
                                 .requiretls = true,
                                 .auth = true};

// What follows the verb.
static std::string argument_of(const std::string& command) {
  POSTRIDER_CHECK(command.ends_with("\r\n"));
  const std::string line = command.substr(0, command.size() - 2);
  POSTRIDER_CHECK(!is_unsafe_in_command(line));
  return line.substr(5);
}

static void check_mail(std::string_view text) {
  const auto mail = parse_mail(text, kAll);
  if (!mail) return;
  POSTRIDER_CHECK(!(mail->hold_for && mail->hold_until));
  POSTRIDER_CHECK(mail->hold_for <= kAll.future_release_max);
  POSTRIDER_CHECK(mail->hold_until <= kAll.future_release_until);
  ClientTransaction transaction;
  transaction.eight_bit = mail->body != Body::seven_bit;
  transaction.smtputf8 = mail->charset == Charset::utf8;
  transaction.sender = mail->sender.str();
  transaction.priority = mail->priority;
  transaction.tls_required = mail->tls_required;
  transaction.envid = mail->envid;
  transaction.ret = mail->ret;
  POSTRIDER_CHECK(!obstacle(transaction, kAll));
  POSTRIDER_CHECK(!tls_obstacle(transaction, kAll, postrider::TlsLevel::verify));
  const auto again = parse_mail(argument_of(mail_command(transaction, kAll)), kAll);
  POSTRIDER_CHECK(again && again->sender == mail->sender && again->priority == mail->priority);
  POSTRIDER_CHECK(again->envid == mail->envid && again->ret == mail->ret);
  POSTRIDER_CHECK((again->body == Body::eight_bit_mime) == transaction.eight_bit);
  POSTRIDER_CHECK(again->charset == mail->charset);
  POSTRIDER_CHECK(again->tls_required == mail->tls_required);
}

static void check_rcpt(std::string_view text) {
  const auto rcpt = parse_rcpt(text, kAll, Charset::utf8);
  if (!rcpt) return;
  POSTRIDER_CHECK(postrider::is_all_ascii(rcpt->orcpt));
  const ClientRecipient recipient{rcpt->recipient.str(), rcpt->notify, rcpt->orcpt};
  POSTRIDER_CHECK(!obstacle(recipient, kAll));
  const auto again = parse_rcpt(argument_of(rcpt_command(recipient, kAll)), kAll, Charset::utf8);
  POSTRIDER_CHECK(again && again->recipient == rcpt->recipient && again->notify == rcpt->notify &&
                  again->orcpt == rcpt->orcpt);
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_mail(text);
  check_rcpt(text);
  return 0;
}
