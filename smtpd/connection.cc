#include "smtpd/connection.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "common/base/overloaded.h"
#include "common/base/timestamp.h"
#include "common/spool/record.h"
#include "smtpd/checks/priority.h"
#include "smtpd/offer.h"
#include "smtpd/trace.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

smtp::Reply no_storage() {
  return {452, "4.3.1", "insufficient system storage"};
}

Client first_met(const Services& services, const net::IpAddress& address) {
  Client client = services.policy.meet(address);
  client.may_xclient = net::contains(services.xclient_networks, address);
  return client;
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

spool::Envelope::Body to_spool(smtp::Body body) {
  return body == smtp::Body::eight_bit_mime ? spool::Envelope::EIGHT_BIT_MIME
                                            : spool::Envelope::SEVEN_BIT;
}

}  // namespace

Connection::Connection(Services& services, const smtp::ServerSettings& session, Fd fd,
                       const net::SocketAddress& peer, UniqueFunction<void()> on_done)
    : services_(services),
      listener_(session),
      on_done_(std::move(on_done)),
      client_(first_met(services, peer.ip)),
      session_(session, offered_to(client_, session, services.clock.now())),
      stream_(services.loop, std::move(fd), *this) {
  stream_.set_idle_timeout(services_.settings.smtpd.command_timeout);
  act();
}

void Connection::shut_down() {
  session_.on_shutdown();
  act();
}

// ---- The stream ----

void Connection::on_bytes(std::string_view bytes) {
  if (linger_) return;
  session_.on_bytes(bytes);
  act();
}

bool Connection::on_timeout() {
  if (session_.waiting()) return false;
  session_.on_timeout();
  act();
  return true;
}

// A message that is being committed is waited for, so that the log tells what became of it.
void Connection::on_closed(net::CloseReason /*reason*/) {
  gone_ = true;
  note_failed_handshake();
  question_.reset();
  draft_.reset();
  if (!commit_) finish();
}

// ---- The session ----

void Connection::act() {
  while (auto action = session_.next_action()) carry_out(*action);
  stream_.flush();
  adjust_stream();
}

void Connection::carry_out(smtp::Action& action) {
  std::visit(Overloaded{
                 [&](const smtp::Send& send) { stream_.send(send.bytes); },
                 [&](const smtp::AskSender& ask) { ask_sender(ask); },
                 [&](const smtp::AskRecipient& ask) { ask_recipient(ask.recipient); },
                 [&](const smtp::AskVerify& ask) {
                   question_ = services_.policy.verify(ask.mailbox, verdict());
                 },
                 [&](const smtp::AskExpand& ask) {
                   question_ = services_.policy.expand(ask.list, verdict());
                 },
                 [&](const smtp::OpenMessage& open) { open_message(open.declared_size); },
                 [&](const smtp::AppendMessage& append_to) { append(append_to.content); },
                 [&](const smtp::CommitMessage&) { commit(); },
                 [&](const smtp::AbortMessage& abort) { drop_message(abort.reason); },
                 [&](const smtp::BecomeClient& become) { become_client(become.told); },
                 [&](const smtp::StartTls&) { start_tls(); },
                 [&](const smtp::Close& close) { begin_close(close); },
             },
             action);
}

// Back-pressure: a client that does not wait for answers, or does not read them, waits itself.
void Connection::adjust_stream() {
  const bool busy = session_.waiting() && session_.unprocessed() > 0;
  if (busy || stream_.unsent() > kMaxUnsent) {
    stream_.pause_reading();
  } else {
    stream_.resume_reading();
  }
  if (session_.receiving() == receiving_ || linger_) return;
  receiving_ = session_.receiving();
  const auto& smtpd = services_.settings.smtpd;
  stream_.set_idle_timeout(receiving_ ? smtpd.data_timeout : smtpd.command_timeout);
}

Policy::Done Connection::verdict() {
  return [this](smtp::Reply reply) {
    question_.reset();
    session_.on_verdict(std::move(reply));
    act();
  };
}

void Connection::ask_sender(const smtp::AskSender& asked) {
  session_.on_verdict(services_.policy.check_sender(client_, asked));
}

void Connection::ask_recipient(const smtp::Mailbox& recipient) {
  const auto judged = [this, address = recipient.str()](smtp::Reply reply) {
    if (!reply.positive()) {
      services_.counters.add(Counter::smtp_recipients_refused);
      services_.log.info("recipient_refused")
          .with("from", session_.transaction().mail.sender.str())
          .with("to", address)
          .with("client", client_.str())
          .with("helo", session_.client_name())
          .with("reply", to_line(reply));
    }
    verdict()(std::move(reply));
  };
  question_ = services_.policy.check_recipient(client_, recipient, judged);
}

// Who may speak for others may go on to do so, whoever it speaks for now. A client that is logged
// in there is one of our users.
void Connection::become_client(const smtp::XclientArguments& told) {
  net::IpAddress address = told.address ? net::IpAddress() : client_.address;
  if (told.address && !told.address->empty()) {
    const auto parsed = net::IpAddress::parse(*told.address);
    if (!parsed) return session_.on_verdict({501, "5.5.4", "XCLIENT: bad ADDR"});
    address = *parsed;
  }
  Client client = services_.policy.meet(address);
  client.may_xclient = client_.may_xclient;
  client.name = told.name.value_or(client_.name);
  services_.log.debug("client_told")
      .with("by", client_.str())
      .with("client", client.str())
      .with("name", client.name)
      .with("login", told.login.value_or(""))
      .with("port", told.port.value_or(""))
      .with("destination", told.destination_address.value_or(""))
      .with("destination_port", told.destination_port.value_or(""));
  const std::string& login = told.login ? *told.login : session_.identity();
  client.may_relay = client.may_relay || !login.empty();
  client_ = std::move(client);
  session_.on_client(told, offered_to(client_, listener_, services_.clock.now()));
}

// ---- TLS ----

void Connection::start_tls() {
  stream_.start_tls(services_.tls->accept(), services_.settings.tls.handshake_timeout);
}

void Connection::on_secured(const net::TlsInfo& info) {
  services_.counters.add(Counter::smtp_tls_sessions);
  if (info.resumed) services_.counters.add(Counter::smtp_tls_sessions_resumed);
  tls_ = info;
  session_.on_secured();
  act();
}

// What goes wrong under TLS later is the client's way to leave, as many do without close_notify.
void Connection::note_failed_handshake() {
  if (tls_ || stream_.failure().empty()) return;
  services_.counters.add(Counter::smtp_tls_failures);
  services_.log.info("handshake_failed")
      .with("client", client_.str())
      .with("reason", stream_.failure());
}

// RFC 3848, which has no word for HELO under TLS; RFC 6531 section 4.3.
std::string Connection::protocol() const {
  if (!session_.extended()) return "SMTP";
  const bool utf8 = session_.transaction().mail.charset == smtp::Charset::utf8;
  const bool lmtp = listener_.protocol == smtp::Protocol::lmtp;
  std::string name = utf8 ? "UTF8" : lmtp ? "" : "E";
  name += lmtp ? "LMTP" : "SMTP";
  if (tls_) name += 'S';
  if (!session_.identity().empty()) name += 'A';
  return name;
}

// ---- The message ----

void Connection::open_message(std::uint64_t declared_size) {
  auto draft = services_.writer.begin(declared_size);
  if (!draft) {
    note_refused({}, no_storage());
    return session_.on_verdict(no_storage());
  }
  draft_ = std::move(*draft);
  const auto& smtpd = services_.settings.smtpd;
  header_.emplace(checks::HeaderLimits{smtpd.header_limit, smtpd.received_limit});
  session_.on_verdict({250, "2.0.0", "ok"});
}

void Connection::append(std::string_view content) {
  if (const auto refusal = header_->feed(content)) return refuse_message(*refusal);
  if (!draft_->append(content)) refuse_message(no_storage());
}

void Connection::commit() {
  if (const auto refusal = header_->finish()) {
    drop_message(*refusal);
    return session_.on_verdict(*refusal);
  }
  const MessageId id = draft_->id();
  const spool::Envelope written = envelope(id);
  if (written.ByteSizeLong() > spool::kMaxEnvelope) {
    const smtp::Reply reason{452, "4.5.3", "too many recipients for one message"};
    drop_message(reason);
    return session_.on_verdict(reason);
  }
  size_ = draft_->size();
  commit_ = services_.writer.commit(std::move(draft_), written,
                                    [this, id](const Result<void>& r) { committed(id, r); });
}

void Connection::committed(const MessageId& id, const Result<void>& result) {
  const MessageId message = id;  // `id` goes with the operation
  smtp::Reply reply{250, "2.0.0", "accepted as " + message.str()};
  if (result) {
    services_.counters.add(Counter::smtp_messages_accepted);
    auto entry = services_.log.info("accepted");
    entry.id(message)
        .with("from", session_.transaction().mail.sender.str())
        .with("recipients", session_.transaction().recipients.size())
        .with("size", size_)
        .with("client", client_.str())
        .with("helo", session_.client_name())
        .with("protocol", protocol());
    if (tls_) entry.with("tls", tls_->version).with("cipher", tls_->cipher);
  } else {
    reply = {451, "4.3.0", "the message could not be stored, try again"};
    note_refused(message.view(), reply);
  }
  commit_.reset();
  if (gone_) return finish();
  session_.on_verdict(std::move(reply));
  act();
}

spool::Envelope Connection::envelope(const MessageId& id) const {
  const smtp::Transaction& transaction = session_.transaction();
  const WallTime now = services_.clock.now();
  spool::Envelope envelope;
  envelope.set_id(id.str());
  envelope.set_arrival_us(now.time_since_epoch().count());
  envelope.set_sender(transaction.mail.sender.str());
  envelope.set_body(to_spool(transaction.mail.body));
  envelope.set_smtputf8(transaction.mail.charset == smtp::Charset::utf8 && !header_->is_ascii());
  envelope.set_priority(checks::granted_priority(client_, transaction.mail.priority));
  envelope.set_tls(tls_wish());
  set_release(envelope, transaction.mail, now);
  envelope.set_ret(transaction.mail.ret);
  envelope.set_envid(transaction.mail.envid);
  for (const smtp::RcptArguments& rcpt : transaction.recipients) {
    spool::Recipient& recipient = *envelope.add_recipients();
    recipient.set_address(rcpt.recipient.str());
    recipient.set_notify(rcpt.notify);
    recipient.set_orcpt(rcpt.orcpt);
  }
  envelope.set_client_address(client_.str());
  envelope.set_auth(session_.identity());
  envelope.set_client_name(std::string(session_.client_name()));
  envelope.set_protocol(protocol());
  envelope.set_trace(
      received_field({session_.client_name(), client_.address, client_.name,
                      services_.settings.hostname, protocol(), id, now, tls_ ? &*tls_ : nullptr},
                     transaction));
  return envelope;
}

// RFC 8689 section 4.1: a word to us is worth more than one in the header.
spool::Envelope::Tls Connection::tls_wish() const {
  if (session_.transaction().mail.tls_required) return spool::Envelope::TLS_REQUIRED;
  return header_->tls_not_required() ? spool::Envelope::TLS_NOT_REQUIRED
                                     : spool::Envelope::TLS_UNSAID;
}

// We refuse what the session is still taking in.
void Connection::refuse_message(const smtp::Reply& reason) {
  drop_message(reason);
  session_.on_message_refused(reason);
}

void Connection::drop_message(const smtp::Reply& reason) {
  note_refused(draft_->id().view(), reason);
  draft_.reset();
}

// The reply tells the kind of reason; what is wrong with the spool, the spool has told.
void Connection::note_refused(std::string_view id, const smtp::Reply& reason) {
  services_.counters.add(Counter::smtp_messages_refused);
  auto entry = services_.log.info("message_refused");
  if (!id.empty()) entry.with("id", id);
  entry.with("from", session_.transaction().mail.sender.str())
      .with("recipients", session_.transaction().recipients.size())
      .with("client", client_.str())
      .with("helo", session_.client_name())
      .with("reply", to_line(reason));
}

// ---- The end ----

void Connection::begin_close(const smtp::Close& close) {
  linger_.emplace(services_.loop, [this] { finish(); });
  linger_->arm(kLinger);
  stream_.set_idle_timeout(std::chrono::microseconds{0});
  finish_when_written_ = close.wish == smtp::Close::At::client;
  if (finish_when_written_) return stream_.want_drained(true);
  stream_.shut_down();
}

void Connection::on_drained() {
  if (finish_when_written_) return finish();
  act();
}

void Connection::finish() {
  question_.reset();
  if (auto on_done = std::exchange(on_done_, {})) on_done();
}

}  // namespace postrider::smtpd
