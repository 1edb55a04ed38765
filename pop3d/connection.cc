#include "pop3d/connection.h"

#include <utility>

#include "common/base/overloaded.h"

namespace postrider::pop3d {

using End = auth::Attempt::End;

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
      timer_(services.loop, [this] { finish("timeout"); }),
      login_delay_(services.loop,
                   [this] {
                     session_.on_login_refused(refusal_);
                     act();
                   }),
      stream_(services.loop, std::move(fd), *this) {
  services_.counters.add(metrics::Counter::pop3_connections);
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

void Connection::on_closed(net::CloseReason reason) { finish(name_of(reason)); }

void Connection::end_when_idle() {
  ending_ = true;
  if (!session_.waiting() && stream_.unsent() == 0) finish("shutdown");
}

void Connection::act() {
  while (!closing_ && stream_.unsent() < kHighWater) {
    auto action = session_.next_action();
    if (!action) break;
    carry_out(*action);
  }
  if (closing_) return;
  const bool full = stream_.unsent() >= kHighWater;
  stream_.want_drained(full || ending_);
  if (full || session_.waiting()) {
    stream_.pause_reading();
  } else {
    stream_.resume_reading();
  }
  stream_.flush();
  if (ending_) end_when_idle();
}

void Connection::carry_out(Action& action) {
  std::visit(Overloaded{
                 [this](const Send& send) { stream_.send(send.bytes); },
                 [this](Login& login) { log_in(login); },
                 [this](const OpenMessage& open) {
                   transfer_ = std::make_unique<Transfer>(services_.files, mailbox_, open.message,
                                                          open.body_lines, [this] {
                                                            give_portion();
                                                            act();
                                                          });
                   give_portion();
                 },
                 [this](const ReadMessage&) { give_portion(); },
                 [this](RemoveMessages& these) { remove(std::move(these.messages)); },
                 [this](const Close&) { close(); },
             },
             action);
}

void Connection::log_in(Login& login) {
  user_ = std::move(login.user);
  if (services_.attempts.is_banned(client_, user_))
    return refuse_later(LoginRefusal::banned, note_attempt(End::banned, {}).delay);
  question_ = services_.credentials.verify_password(
      user_, std::move(login.password), directory::Service::pop3,
      [this](Result<directory::LoginAnswer> answer) { on_verified(std::move(answer)); });
}

void Connection::on_verified(Result<directory::LoginAnswer> answer) {
  if (!answer) {
    services_.attempts.note_unavailable(answer.error().text);
    services_.counters.add(metrics::Counter::pop3_logins_refused);
    session_.on_login_refused(LoginRefusal::temporary);
    return act();
  }
  const auto consequence =
      note_attempt(answer->accepted ? End::accepted : End::refused, answer->reason);
  if (consequence.banned) return refuse_later(LoginRefusal::banned, consequence.delay);
  if (!answer->accepted) return refuse_later(LoginRefusal::credentials, consequence.delay);
  user_ = std::move(answer->mailbox);
  question_ = services_.files.run(
      [directory = options_.mail_directory, mailbox = user_, now = services_.clock.now()] {
        return maildir::Mailbox::open(directory, mailbox, now);
      },
      [this](Result<std::unique_ptr<maildir::Mailbox>> opened) { on_opened(std::move(opened)); });
}

auth::Consequence Connection::note_attempt(End end, std::string_view reason) {
  return services_.attempts.note({client_, user_, "USER", end, reason});
}

void Connection::refuse_later(LoginRefusal why, std::chrono::microseconds delay) {
  services_.counters.add(metrics::Counter::pop3_logins_refused);
  refusal_ = why;
  login_delay_.arm(delay);
}

void Connection::refuse_login(LoginRefusal why, std::string_view reason) {
  services_.counters.add(metrics::Counter::pop3_logins_refused);
  const bool ours = why == LoginRefusal::temporary || why == LoginRefusal::permanent;
  auto entry = ours ? services_.log.error("login_refused") : services_.log.info("login_refused");
  entry.with("user", user_).with("client", client_.str()).with("reason", reason);
  session_.on_login_refused(why);
  act();
}

void Connection::on_opened(Result<std::unique_ptr<maildir::Mailbox>> opened) {
  if (!opened)
    return refuse_login(opened.error().kind == ErrorKind::invalid ? LoginRefusal::permanent
                                                                  : LoginRefusal::temporary,
                        opened.error().text);
  if (*opened == nullptr) return refuse_login(LoginRefusal::in_use, "the mailbox is in use");
  mailbox_ = std::move(*opened);
  timer_.disarm();
  logged_in_ = true;
  services_.counters.add(metrics::Counter::pop3_logins);
  services_.log.info("login")
      .with("user", user_)
      .with("client", client_.str())
      .with("messages", mailbox_->listing().size());
  if (mailbox_->skipped() > 0)
    services_.log.warning("files_not_served")
        .with("user", user_)
        .with("count", mailbox_->skipped())
        .with("first", mailbox_->skipped_example());
  session_.on_login_accepted(mailbox_->listing());
  act();
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
      [mailbox = mailbox_, messages = std::move(messages)] { return mailbox->remove(messages); },
      [this](std::size_t failures) {
        services_.full_marks.clear(user_);  // there is room, perhaps
        session_.on_removed(failures);
        act();
      });
}

// The mailbox is free before the client hears our last words, so that it may come back at once.
void Connection::close() {
  closing_ = true;
  if (mailbox_) mailbox_->release();
  timer_.arm(kLinger);
  stream_.resume_reading();
  stream_.shut_down();
}

void Connection::finish(std::string_view how) {
  if (!on_done_) return;
  question_.reset();
  transfer_.reset();
  login_delay_.disarm();
  timer_.disarm();
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
