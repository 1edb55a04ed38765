#include "pop3d/connection.h"

#include <utility>

#include "common/base/overloaded.h"

namespace postrider::pop3d {

namespace {

std::string_view name_of(net::CloseReason reason) {
  switch (reason) {
    case net::CloseReason::end_of_input: return "closed_by_client";
    case net::CloseReason::timeout: return "timeout";
    case net::CloseReason::error: return "connection_lost";
  }
  return "connection_lost";
}

}  // namespace

Connection::Connection(const Services& services, const ConnectionOptions& options,
                       SessionOptions session, Fd fd, const net::SocketAddress& peer,
                       UniqueFunction<void()> on_done)
    : services_(services),
      options_(options),
      client_(peer.ip),
      on_done_(std::move(on_done)),
      session_(std::move(session)),
      begun_(services.loop.now()),
      timer_(services.loop, [this] { finish("timeout"); }),
      stream_(services.loop, std::move(fd), *this) {
  services_.counters.add(metrics::Counter::pop3_connections);
  services_.counters.change(metrics::Gauge::connections, 1);
  stream_.set_idle_timeout(options_.timeout);
  timer_.arm(kLoginTime);
  act();
}

void Connection::on_bytes(std::string_view bytes) {
  if (closing_) return;
  session_.on_bytes(bytes);
  act();
}

void Connection::on_drained() { act(); }

void Connection::on_closed(net::CloseReason reason) {
  note_failed_handshake();
  finish(name_of(reason));
}

void Connection::end_when_idle() {
  ending_ = true;
  const bool idle = !session_.waiting() || session_.securing();
  if (idle && stream_.unsent() == 0) finish("shutdown");
}

void Connection::act() {
  while (!closing_ && stream_.unsent() < kHighWater) {
    auto action = held_ ? std::exchange(held_, std::nullopt) : session_.next_action();
    if (!action) break;
    if (hold(*action)) {
      held_ = std::move(action);
      break;
    }
    carry_out(*action);
  }
  if (closing_) return;
  const bool full = held_ || stream_.unsent() >= kHighWater;
  stream_.want_drained(full || ending_);
  if (full || session_.waiting()) {
    stream_.pause_reading();
  } else {
    stream_.resume_reading();
  }
  stream_.flush();
  if (ending_) end_when_idle();
}

// What a client has fetched and deleted in one breath is removed, and the connection closed, once
// all of it is with the kernel: a client that reads slowly, or is lost before, keeps the message.
// The mailbox is free before the client hears our last words, so that it may come back at once.
bool Connection::hold(const Action& action) {
  const bool closes = std::holds_alternative<Close>(action);
  if (closes && mailbox_) mailbox_->release();
  return (closes || std::holds_alternative<RemoveMessages>(action)) && stream_.unsent() > 0;
}

void Connection::carry_out(Action& action) {
  std::visit(Overloaded{
                 [this](const Send& send) { stream_.send(send.bytes); },
                 [this](Login& login) { log_in(login); },
                 [this](Apop& login) { log_in(login); },
                 [this](Authenticate& begin) { authenticate(begin); },
                 [this](AuthResponse& response) { respond(response); },
                 [this](const StartTls&) {
                   stream_.start_tls(services_.tls->accept(), options_.handshake_timeout);
                 },
                 [this](const OpenMessage& open) { open_message(open); },
                 [this](const ReadMessage&) { give_portion(); },
                 [this](RemoveMessages& these) { remove(std::move(these.messages)); },
                 [this](const Close&) { close(); },
             },
             action);
}

// ---- TLS ----

void Connection::on_secured(const net::TlsInfo& info) {
  services_.counters.add(metrics::Counter::pop3_tls_sessions);
  if (info.resumed) services_.counters.add(metrics::Counter::pop3_tls_sessions_resumed);
  services_.counters.add(info.version == net::kTls13 ? metrics::Counter::pop3_tls_13
                                                     : metrics::Counter::pop3_tls_12);
  services_.counters.change(metrics::Gauge::tls_sessions, 1);
  tls_ = info.version;
  session_.on_secured(info.has_bindings ? sasl::Binding::possible : sasl::Binding::none);
  act();
}

// What goes wrong under TLS later is the client's way to leave, as many do without close_notify.
void Connection::note_failed_handshake() {
  if (!tls_.empty() || stream_.failure().empty()) return;
  services_.counters.add(metrics::Counter::pop3_tls_failures);
  services_.log.info("handshake_failed")
      .with("client", client_.str())
      .with("reason", stream_.failure());
}

// ---- The mailbox ----

void Connection::open_message(const OpenMessage& open) {
  transfer_ = std::make_unique<Transfer>(services_.files, mailbox_, open.message, open.body_lines,
                                         open.form, [this] {
                                           give_portion();
                                           act();
                                         });
  give_portion();
}

void Connection::give_portion() {
  auto portion = transfer_->take();
  if (!portion) return;  // asks again when it is ready
  const bool last = !*portion || (*portion)->last;
  if (*portion) {
    session_.on_portion(std::move((*portion)->wire), last ? More::no : More::yes);
  } else {
    services_.log.warning("message_not_read")
        .with("user", user_)
        .with("reason", portion->error().text);
    session_.on_message_unavailable();
  }
  if (last) services_.loop.destroy_later(std::move(transfer_));
}

void Connection::remove(std::vector<std::size_t> messages) {
  question_ = services_.files.run(
      [mailbox = mailbox_, messages = std::move(messages), user = user_,
       now = services_.clock.now(), &full_marks = services_.full_marks] {
        const std::size_t failures = mailbox->remove(messages, now);
        full_marks.clear(user);  // there is room, perhaps, whoever hears of it
        return failures;
      },
      [this](std::size_t failures) {
        if (failures > 0)
          services_.log.warning("not_removed")
              .with("user", user_)
              .with("count", failures)
              .with("reason", mailbox_->removal_fault());
        session_.on_removed(failures);
        act();
      });
}

// ---- The end ----

void Connection::close() {
  closing_ = true;
  timer_.arm(kLinger);
  stream_.resume_reading();
  stream_.shut_down();
}

void Connection::finish(std::string_view how) {
  if (!on_done_) return;
  abandon_login();
  question_.reset();
  transfer_.reset();
  login_delay_.reset();
  timer_.disarm();
  services_.counters.change(metrics::Gauge::connections, -1);
  if (!tls_.empty()) services_.counters.change(metrics::Gauge::tls_sessions, -1);
  services_.counters.observe(metrics::Duration::pop3_session, services_.loop.now() - begun_);
  if (logged_in_) {
    const Session::Totals& totals = session_.totals();
    services_.counters.add(metrics::Counter::pop3_messages_retrieved, totals.retrieved);
    services_.counters.add(metrics::Counter::pop3_messages_deleted, totals.deleted);
    services_.log.info("logout")
        .with("user", user_)
        .with("client", client_.str())
        .with("how", session_.has_quit() ? "quit"
                     : closing_          ? "sent_away"
                                         : how)
        .with("retrieved", totals.retrieved)
        .with("deleted", totals.deleted)
        .with("octets", totals.octets);
  }
  std::exchange(on_done_, {})();
}

}  // namespace postrider::pop3d
