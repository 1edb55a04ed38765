#include "smtpd/connection.h"

#include <utility>
#include <variant>

#include "common/base/overloaded.h"
#include "common/net/peer_credentials.h"
#include "smtpd/offer.h"
#include "smtpd/priority.h"
#include "smtpd/verify.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

checks::Client first_met(const Services& services, const Listener& listener, int fd,
                         const net::IpAddress& address) {
  if (listener.mode == config::SmtpMode::local)
    return services.policy.meet_local(net::peer_credentials(fd).uid);
  return meet(services, address, listener.service());
}

}  // namespace

Connection::Connection(Services& services, const Listener& listener, Fd fd,
                       const net::SocketAddress& peer, UniqueFunction<void()> on_done)
    : services_(services),
      listener_(listener),
      on_done_(std::move(on_done)),
      id_(services.session_ids.next()),
      client_(first_met(services, listener, fd.get(), peer.ip)),
      inquiry_(services.policy, client_),
      session_(listener.session, offered_to(client_, listener.session, services.clock.now())),
      stream_(services.loop, std::move(fd), *this),
      pace_(services.loop.now()) {
  note_connected();
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
  pace_ = Pace(services_.loop.now());
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
  timed_out_ = true;
  session_.on_timeout();
  act();
  return true;
}

// A message that is being committed is waited for, so that the log tells what became of it.
void Connection::on_closed(net::CloseReason /*reason*/) {
  gone_ = true;
  note_failed_handshake();
  note_abandoned();
  question_.reset();
  inquiry_.cancel();
  abandon_login();
  login_delay_.reset();
  draft_.reset();
  if (!commit_) finish();
}

// ---- The session ----

void Connection::act() {
  while (!held_back() && !unread()) {
    auto action = session_.next_action();
    if (!action) break;
    carry_out(*action);
  }
  session_.keep_input();
  stream_.want_drained(unread() || finish_when_written_);
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
                     return answer_vrfy(asked, answer, services_.policy.route_of(asked, "", ""));
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
      send_delayed();
      act();
    });
  delay_->arm(delay);
}

void Connection::send_delayed() { stream_.send(std::exchange(delayed_, {})); }

// Back-pressure: a client that does not wait for answers, or does not read them, waits itself.
void Connection::adjust_stream() {
  const bool busy = (session_.waiting() && session_.unprocessed() > 0) || held_back();
  if (busy || unread()) {
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
  ++transactions_;
  inquiry_.begin(session_.client_name(), asked.sender,
                 session_.transaction().mail.size.value_or(0));
  if (login_admitted_) return confirm_login(asked.priority);
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
  note_finding(*against);
  note_recipient_refused(*against);
  session_.on_verdict(against->reply);
  act();
}

// ---- Pace ----

// While there are slots, who is held back has its time from then on.
bool Connection::is_too_slow(const PaceLimits& limits, bool scarce) {
  const bool not_greeted = greeting_ && greeting_->armed();
  if (linger_ || gone_ || not_greeted || (held_back() && !scarce)) return false;
  return pace_.is_too_slow(session_, limits, scarce, services_.loop.now());
}

// Within a handshake there is nothing that could be said, and who reads nothing would not hear it.
void Connection::end_slow() {
  services_.counters.add(Counter::smtp_connections_slow);
  services_.log.info("connection_too_slow").with("client", client_.str()).session(id_.view());
  if (session_.waiting() || unread()) return finish();
  if (held_back()) {
    delay_->disarm();
    send_delayed();
  }
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
  services_.counters.add(info.version == net::kTls13 ? Counter::smtp_tls_13 : Counter::smtp_tls_12);
  services_.counters.change(metrics::Gauge::tls_sessions, 1);
  tls_ = info;
  note_secured(info);
  // What a login in the clear gave goes with it.
  client_.user.clear();
  login_admitted_.reset();
  client_.may_relay = services_.policy.meet(client_.address, client_.service).may_relay;
  session_.on_secured(info.has_bindings ? sasl::Binding::possible : sasl::Binding::none);
  act();
}

// ---- The end ----

void Connection::begin_close(const smtp::Close& close) {
  linger_.emplace(services_.loop, [this] { finish(); });
  linger_->arm(kLinger);
  stream_.set_idle_timeout(std::chrono::microseconds{0});
  finish_when_written_ = close.wish == smtp::Close::At::client;
  if (!finish_when_written_) stream_.shut_down();
}

void Connection::on_drained() {
  if (finish_when_written_) return finish();
  act();
}

void Connection::finish() {
  leave_told();
  question_.reset();
  inquiry_.cancel();
  delay_.reset();
  login_delay_.reset();
  login_.reset();
  auto on_done = std::exchange(on_done_, {});
  if (!on_done) return;
  if (tls_) services_.counters.change(metrics::Gauge::tls_sessions, -1);
  note_disconnected();
  on_done();
}

}  // namespace postrider::smtpd
