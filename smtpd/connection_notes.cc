// connection_notes.cc - what the log is told of a session and its messages; what is below its level
// is for the trace of the message (common/trace).
#include <string>

#include <fmt/format.h>

#include "common/config/parameters.h"
#include "smtpd/connection.h"
#include "smtpd/envelope.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

// By which others know the message: that of its header, or the one that it is given
// (envelope.cc). Without <>.
std::string message_id_of(const checks::HeaderFacts& header, const Listener& listener,
                          const MessageId& id, const std::string& hostname) {
  if (!header.message_id.empty() || !listener.takes_submissions()) return header.message_id;
  return fmt::format("<{}@{}>", id.view(), hostname);
}

std::int64_t milliseconds(std::chrono::microseconds span) {
  return std::chrono::ceil<std::chrono::milliseconds>(span).count();
}

}  // namespace

log::Entry& Connection::name_session(log::Entry& entry) const { return entry.session(id_.view()); }

// By the number of its transaction what was said is told to be of one message or another.
log::Entry& Connection::name_transaction(log::Entry& entry) const {
  return name_session(entry).with("mail", transactions_);
}

void Connection::note_connected() {
  auto entry = services_.log.debug("connected");
  entry.with("client", client_.str())
      .with("mode", config::choice_word(config::kSmtpModes, static_cast<unsigned>(listener_.mode)));
  name_session(entry);
}

void Connection::note_secured(const net::TlsInfo& info) {
  auto entry = services_.log.debug("secured");
  entry.with("tls", info.version).with("cipher", info.cipher).with("resumed", info.resumed);
  name_session(entry);
}

// What goes wrong under TLS later is the client's way to leave, as many do without close_notify.
void Connection::note_failed_handshake() {
  if (tls_ || stream_.failure().empty()) return;
  services_.counters.add(Counter::smtp_tls_failures);
  auto entry = services_.log.info("handshake_failed");
  entry.with("client", client_.str()).with("reason", stream_.failure());
  name_session(entry);
}

void Connection::note_recipient_refused(const checks::Verdict& against) {
  auto entry = services_.log.info("recipient_refused");
  entry.with("from", session_.transaction().mail.sender.str())
      .with("to", inquiry_.facts().recipient.str())
      .with("client", client_.str())
      .with("helo", session_.client_name())
      .with("check", against.check)
      .with("reply", to_line(against.reply));
  name_transaction(entry);
}

// One recipient stands with the message, of several each has a line.
void Connection::note_accepted(const MessageId& id) {
  const auto& recipients = session_.transaction().recipients;
  const checks::Facts& facts = inquiry_.facts();
  auto entry = services_.log.info("accepted");
  entry.id(id)
      .with("from", session_.transaction().mail.sender.str())
      .with("recipients", recipients.size())
      .with("size", size_)
      .with("client", client_.str())
      .with("helo", session_.client_name())
      .with("protocol", protocol_of(session_, listener_.session.protocol));
  if (!session_.identity().empty()) entry.with("user", session_.identity());
  if (tls_) entry.with("tls", tls_->version).with("cipher", tls_->cipher);
  if (const std::size_t waiting = inquiry_.room().without_room(); waiting > 0)
    entry.with("without_room", waiting);
  if (!inquiry_.tags().empty()) entry.with("checks", names_of(inquiry_.tags()));
  if (!facts.reverse.name.empty()) entry.with("name", facts.reverse.name);
  if (recipients.size() == 1) entry.with("to", recipients.front().recipient.str());
  entry.with("message_id", message_id_of(facts.header, listener_, id, services_.settings.hostname));
  entry.with("durable_ms", milliseconds(services_.loop.now() - commit_begun_));
  name_transaction(entry);
  for (const checks::Verdict& tag : inquiry_.tags())
    services_.log.debug("verdict")
        .id(id)
        .with("check", tag.check)
        .with("action", "tag")
        .with("reason", tag.reason());
  if (recipients.size() > 1)
    for (const smtp::RcptArguments& one : recipients)
      services_.log.debug("recipient").id(id).with("to", one.recipient.str());
}

// The client has left in the middle of a message: nothing was promised to it.
void Connection::note_abandoned() {
  if (!draft_) return;
  auto entry = services_.log.debug("message_abandoned");
  entry.id(draft_->id())
      .with("from", session_.transaction().mail.sender.str())
      .with("client", client_.str())
      .with("octets", draft_->size());
  name_transaction(entry);
}

// The reply tells the kind of reason; what is wrong with the spool, the spool has told.
void Connection::note_refused(std::string_view id, const smtp::Reply& reason) {
  services_.counters.add(Counter::smtp_messages_refused);
  auto entry = services_.log.info("message_refused");
  if (!id.empty()) entry.id(id);
  entry.with("from", session_.transaction().mail.sender.str())
      .with("recipients", session_.transaction().recipients.size())
      .with("client", client_.str())
      .with("helo", session_.client_name());
  if (!refused_by_.empty()) entry.with("check", refused_by_);
  entry.with("reply", to_line(reason));
  if (!id.empty()) entry.with("message_id", inquiry_.facts().header.message_id);
  name_transaction(entry);
}

void Connection::note_disconnected() {
  const std::string_view why = finish_when_written_ ? "the client said goodbye"
                               : timed_out_         ? "the client was silent for too long"
                               : gone_              ? "the client closed the connection"
                                                    : "we closed it";
  auto entry = services_.log.debug("disconnected");
  entry.with("reason", why).with("transactions", transactions_);
  name_session(entry);
}

}  // namespace postrider::smtpd
