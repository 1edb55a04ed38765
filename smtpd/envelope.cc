#include "smtpd/envelope.h"

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/message/date.h"
#include "smtpd/priority.h"
#include "smtpd/trace.h"

namespace postrider::smtpd {

namespace {

// What was binary has become lines.
spool::Envelope::Body to_spool(smtp::Body body) {
  return body == smtp::Body::seven_bit ? spool::Envelope::SEVEN_BIT
                                       : spool::Envelope::EIGHT_BIT_MIME;
}

// RFC 8689 section 4.1: a word to us is worth more than one in the header.
spool::Envelope::Tls tls_wish(const smtp::MailArguments& mail, const checks::HeaderFacts& header) {
  if (mail.tls_required) return spool::Envelope::TLS_REQUIRED;
  return header.tls_not_required() ? spool::Envelope::TLS_NOT_REQUIRED
                                   : spool::Envelope::TLS_UNSAID;
}

// RFC 4865: until when the message is held, if that is not over.
void set_release(spool::Envelope& envelope, const smtp::MailArguments& mail, WallTime now) {
  if (mail.hold_for) {
    envelope.set_release_us((now + *mail.hold_for).time_since_epoch().count());
    envelope.set_release_request(fmt::format("for;{}", mail.hold_for->count()));
  } else if (mail.hold_until && *mail.hold_until > now) {
    envelope.set_release_us(mail.hold_until->time_since_epoch().count());
    envelope.set_release_request("until;" + to_timestamp(*mail.hold_until));
  }
}

void add_sender(const smtp::MailArguments& mail, const Accepted& message,
                spool::Envelope& envelope) {
  const bool beyond_ascii =
      mail.charset == smtp::Charset::utf8 && !message.inquiry.facts().header.ascii;
  envelope.set_sender(mail.sender.str());
  envelope.set_body(to_spool(mail.body));
  envelope.set_smtputf8(beyond_ascii);
  envelope.set_priority(granted_priority(message.client, mail.priority));
  envelope.set_tls(tls_wish(mail, message.inquiry.facts().header));
  set_release(envelope, mail, message.time);
  envelope.set_ret(mail.ret);
  envelope.set_envid(mail.envid);
}

void add_recipient(const smtp::RcptArguments& rcpt, spool::Envelope& envelope) {
  spool::Recipient& recipient = *envelope.add_recipients();
  recipient.set_address(rcpt.recipient.str());
  recipient.set_notify(rcpt.notify);
  recipient.set_orcpt(rcpt.orcpt);
}

// RFC 6409 section 8: the fields that a message has and this one lacks.
std::string missing_fields(const Accepted& message) {
  const auto& has = message.inquiry.facts().header.single;
  const std::string& hostname = message.settings.hostname;
  const smtp::Mailbox& sender = message.session.transaction().mail.sender;
  std::string fields;
  if (has[checks::kDate] == 0)
    fields += fmt::format("Date: {}\r\n", message::rfc5322_date(message.time));
  if (has[checks::kMessageId] == 0)
    fields += fmt::format("Message-ID: <{}@{}>\r\n", message.id.view(), hostname);
  if (has[checks::kFrom] == 0)
    fields +=
        fmt::format("From: <{}>\r\n", !sender.is_null()              ? sender.str()
                                      : !message.client.user.empty() ? message.client.user
                                                                     : "postmaster@" + hostname);
  return fields;
}

void add_verdict(const checks::Verdict& tag, spool::Envelope& envelope) {
  spool::Verdict& verdict = *envelope.add_verdicts();
  verdict.set_check(tag.check.data(), tag.check.size());
  verdict.set_action("tag");
  verdict.set_reason(tag.reason());
}

}  // namespace

spool::Envelope envelope_of(const Accepted& message) {
  const auto& [id, time, settings, listener, session, client, inquiry, tls] = message;
  const smtp::Transaction& transaction = session.transaction();
  const std::string protocol = protocol_of(session, listener.session.protocol);
  spool::Envelope envelope;
  envelope.set_id(id.str());
  envelope.set_arrival_us(time.time_since_epoch().count());
  add_sender(transaction.mail, message, envelope);
  for (const smtp::RcptArguments& rcpt : transaction.recipients) add_recipient(rcpt, envelope);
  for (const checks::Verdict& tag : inquiry.tags()) add_verdict(tag, envelope);
  envelope.set_client_address(client.str());
  envelope.set_auth(session.identity());
  envelope.set_client_name(std::string(session.client_name()));
  envelope.set_protocol(protocol);
  const bool hidden = listener.takes_submissions() && settings.smtpd.hide_clients == "on";
  envelope.set_trace(received_field(
      {session.client_name(), client, hidden, settings.hostname, protocol, id, time, tls},
      transaction));
  if (listener.takes_submissions()) {
    const std::string added = missing_fields(message);
    envelope.set_smtputf8(envelope.smtputf8() || !is_all_ascii(added));
    envelope.mutable_trace()->append(added);
  }
  return envelope;
}

std::string protocol_of(const smtp::ServerSession& session, smtp::Protocol protocol) {
  if (!session.extended()) return "SMTP";
  const bool utf8 = session.transaction().mail.charset == smtp::Charset::utf8;
  const bool lmtp = protocol == smtp::Protocol::lmtp;
  std::string name = utf8 ? "UTF8" : lmtp ? "" : "E";
  name += lmtp ? "LMTP" : "SMTP";
  if (session.secured()) name += 'S';
  if (!session.identity().empty()) name += 'A';
  return name;
}

}  // namespace postrider::smtpd
