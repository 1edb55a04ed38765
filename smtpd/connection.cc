#include "smtpd/connection.h"

#include <utility>
#include <variant>

#include "common/base/overloaded.h"
#include "common/spool/record.h"
#include "smtpd/envelope.h"
#include "smtpd/offer.h"
#include "smtpd/priority.h"
#include "smtpd/verify.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

smtp::Reply no_storage() { return {452, "4.3.1", "insufficient system storage"}; }

checks::Client first_met(const Services& services, const smtp::ServerSettings& listener,
                         const net::IpAddress& address) {
  checks::Client client = services.policy.meet(address, service_of(listener));
  client.may_xclient = net::contains(services.xclient_networks, address);
  return client;
}

}  // namespace

Connection::Connection(Services& services, const smtp::ServerSettings& session, Fd fd,
                       const net::SocketAddress& peer, UniqueFunction<void()> on_done)
    : services_(services),
      listener_(session),
      on_done_(std::move(on_done)),
      client_(first_met(services, session, peer.ip)),
      inquiry_(services.policy, client_),
      session_(session, offered_to(client_, session, services.clock.now())),
      stream_(services.loop, std::move(fd), *this),
      pace_(services.loop.now()) {
  stream_.set_idle_timeout(services_.settings.smtpd.command_timeout);
  const auto delay = services_.settings.checks.greeting_delay;
  if (client_.stranger() && delay.count() > 0) {
    stream_.pause_reading();
    greeting_.emplace(services_.loop, [this] { greet(); });
    greeting_->arm(delay);
  } else {
    greet();
  }
}

// What a stranger has sent by now, it sent without having heard the greeting.
void Connection::greet() {
  inquiry_.connect(client_.stranger() && stream_.input_waits());
  stream_.resume_reading();
  act();
}

void Connection::shut_down() {
  greeting_.reset();
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
  if (session_.waiting() || held_back()) return false;
  session_.on_timeout();
  act();
  return true;
}

// A message that is being committed is waited for, so that the log tells what became of it.
void Connection::on_closed(net::CloseReason /*reason*/) {
  gone_ = true;
  note_failed_handshake();
  question_.reset();
  inquiry_.cancel();
  login_.reset();
  login_delay_.reset();
  draft_.reset();
  if (!commit_) finish();
}

// ---- The session ----

void Connection::act() {
  while (!held_back()) {
    auto action = session_.next_action();
    if (!action) break;
    carry_out(*action);
  }
  stream_.flush();
  adjust_stream();
}

void Connection::carry_out(smtp::Action& action) {
  std::visit(Overloaded{
                 [&](smtp::Send& said) { send(std::move(said.bytes)); },
                 [&](const smtp::AskSender& ask) { ask_sender(ask); },
                 [&](const smtp::AskRecipient& ask) { ask_recipient(ask.recipient); },
                 [&](const smtp::AskVerify& ask) {
                   ask_directory(ask.mailbox, [this, asked = ask.mailbox](const auto& answer) {
                     return answer_vrfy(asked, answer, services_.policy.route_of(asked));
                   });
                 },
                 [&](const smtp::AskExpand& ask) {
                   ask_directory(ask.list, [](const auto& answer) { return answer_expn(answer); });
                 },
                 [&](const smtp::OpenMessage& open) { open_message(open.declared_size); },
                 [&](const smtp::AppendMessage& append_to) { append(append_to.content); },
                 [&](const smtp::CommitMessage&) { commit(); },
                 [&](const smtp::AbortMessage& abort) { drop_message(abort.reason); },
                 [&](const smtp::BecomeClient& become) { become_client(become.told); },
                 [&](smtp::Authenticate& begin) { authenticate(begin); },
                 [&](smtp::AuthResponse& response) { respond(response); },
                 [&](const smtp::StartTls&) { start_tls(); },
                 [&](const smtp::Close& close) { begin_close(close); },
             },
             action);
}

// The reply to an error may be held back, and the whole session with it.
void Connection::send(std::string bytes) {
  const std::uint64_t errors = session_.errors() - std::exchange(errors_, session_.errors());
  const auto delay = errors == 0 ? std::chrono::microseconds{0}
                                 : services_.admission.note_errors(client_.address, errors);
  if (delay.count() == 0) return stream_.send(bytes);
  delayed_ = std::move(bytes);
  if (!delay_)
    delay_.emplace(services_.loop, [this] {
      stream_.send(std::exchange(delayed_, {}));
      act();
    });
  delay_->arm(delay);
}

// Back-pressure: a client that does not wait for answers, or does not read them, waits itself.
void Connection::adjust_stream() {
  const bool busy = (session_.waiting() && session_.unprocessed() > 0) || held_back();
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

template <typename Answer>
void Connection::ask_directory(const smtp::Mailbox& mailbox, Answer answer) {
  question_ = services_.policy.find(
      mailbox, [this, answer = std::move(answer)](const checks::Policy::Answer& found) {
        session_.on_verdict(answer(found));
        question_.reset();
        act();
      });
}

// Any sender may send: what speaks against one is told when its recipient is known.
void Connection::ask_sender(const smtp::AskSender& asked) {
  inquiry_.begin(session_.client_name(), asked.sender);
  session_.on_verdict(answer_sender(client_, asked.priority));
}

void Connection::ask_recipient(const smtp::Mailbox& recipient) {
  inquiry_.judge_recipient(recipient,
                           [this](const checks::Verdicts& verdicts) { on_judged(verdicts); });
}

void Connection::on_judged(const checks::Verdicts& verdicts) {
  const checks::Verdict* const against = decisive(verdicts);
  if (against == nullptr) {
    session_.on_verdict({250, "2.1.5", "recipient ok"});
    return act();
  }
  services_.counters.add(Counter::smtp_recipients_refused);
  services_.log.info("recipient_refused")
      .with("from", session_.transaction().mail.sender.str())
      .with("to", inquiry_.facts().recipient.str())
      .with("client", client_.str())
      .with("helo", session_.client_name())
      .with("check", against->check)
      .with("reply", to_line(against->reply));
  session_.on_verdict(against->reply);
  act();
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
  checks::Client client = services_.policy.meet(address, client_.service);
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
  inquiry_.connect(inquiry_.facts().early);
  session_.on_client(told, offered_to(client_, listener_, services_.clock.now()));
}

// ---- Pace ----

bool Connection::is_too_slow(const PaceLimits& limits, bool scarce) {
  if (linger_ || held_back() || gone_) return false;
  return pace_.is_too_slow(session_, limits, scarce, services_.loop.now());
}

// Within a handshake there is nothing that could be said.
void Connection::end_slow() {
  services_.counters.add(Counter::smtp_connections_slow);
  services_.log.info("connection_too_slow").with("client", client_.str());
  if (session_.waiting()) return finish();
  session_.on_timeout();
  act();
}

// ---- TLS ----

void Connection::start_tls() {
  stream_.start_tls(services_.tls->accept(), services_.settings.tls.handshake_timeout);
}

void Connection::on_secured(const net::TlsInfo& info) {
  services_.counters.add(Counter::smtp_tls_sessions);
  if (info.resumed) services_.counters.add(Counter::smtp_tls_sessions_resumed);
  tls_ = info;
  // What a login in the clear gave goes with it.
  client_.may_relay = services_.policy.meet(client_.address, client_.service).may_relay;
  session_.on_secured(info.has_bindings ? sasl::Binding::possible : sasl::Binding::none);
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

// ---- The message ----

void Connection::open_message(std::uint64_t declared_size) {
  refused_by_ = {};
  const std::size_t recipients = session_.transaction().recipients.size();
  if (const auto refusal = refusal_in(inquiry_.judge_data(recipients, session_.impatient()))) {
    note_refused({}, *refusal);
    return session_.on_verdict(*refusal);
  }
  auto draft = services_.writer.begin(declared_size);
  if (!draft) {
    note_refused({}, no_storage());
    return session_.on_verdict(no_storage());
  }
  draft_ = std::move(*draft);
  session_.on_verdict({250, "2.0.0", "ok"});
}

void Connection::append(std::string_view content) {
  if (const auto refusal = refusal_in(inquiry_.read(content))) return refuse_message(*refusal);
  if (!draft_->append(content)) refuse_message(no_storage());
}

void Connection::commit() {
  if (const auto refusal = refusal_in(inquiry_.finish())) {
    drop_message(*refusal);
    return session_.on_verdict(*refusal);
  }
  const MessageId id = draft_->id();
  const spool::Envelope written = envelope_of(
      {id, services_.clock.now(), listener_, session_, client_, inquiry_, tls_ ? &*tls_ : nullptr});
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
        .with("protocol", protocol_of(session_, listener_.protocol));
    if (!session_.identity().empty()) entry.with("user", session_.identity());
    if (tls_) entry.with("tls", tls_->version).with("cipher", tls_->cipher);
    if (!inquiry_.tags().empty()) {
      services_.counters.add(Counter::smtp_messages_tagged);
      entry.with("checks", names_of(inquiry_.tags()));
    }
  } else {
    reply = {451, "4.3.0", "the message could not be stored, try again"};
    note_refused(message.view(), reply);
  }
  commit_.reset();
  if (gone_) return finish();
  session_.on_verdict(std::move(reply));
  act();
}

// The reply of the check that speaks against the message, if one does.
std::optional<smtp::Reply> Connection::refusal_in(const checks::Verdicts& verdicts) {
  const checks::Verdict* const against = decisive(verdicts);
  if (against == nullptr) return std::nullopt;
  refused_by_ = against->check;
  return against->reply;
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
      .with("helo", session_.client_name());
  if (!refused_by_.empty()) entry.with("check", refused_by_);
  entry.with("reply", to_line(reason));
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
  inquiry_.cancel();
  delay_.reset();
  login_delay_.reset();
  login_.reset();
  if (auto on_done = std::exchange(on_done_, {})) on_done();
}

}  // namespace postrider::smtpd
