// connection_login.cc - how a client logs in, by whatever way: what it says is judged, every
// attempt is noted, and whoever is admitted gets the mailbox.
#include <algorithm>
#include <utility>
#include <variant>

#include "common/base/overloaded.h"
#include "pop3d/connection.h"

namespace postrider::pop3d {

using End = auth::Attempt::End;
using directory::LoginAnswer;

namespace {

LoginRefusal refusal_for(auth::Refused::Why why) {
  using Why = auth::Refused::Why;
  switch (why) {
    case Why::malformed: return LoginRefusal::malformed;
    case Why::credentials: return LoginRefusal::credentials;
    case Why::banned: return LoginRefusal::banned;
    case Why::unavailable: break;
  }
  return LoginRefusal::temporary;
}

// What sessions before have deleted, and a crash has kept or an operator brought back.
void log_finished(log::Logger& log, const std::string& user, const maildir::Finished& finished) {
  if (finished.removed + finished.restored > 0)
    log.info("deletions_finished")
        .with("user", user)
        .with("removed", finished.removed)
        .with("restored", finished.restored);
  if (finished.not_removed > 0)
    log.warning("not_removed")
        .with("user", user)
        .with("count", finished.not_removed)
        .with("reason", finished.fault);
}

}  // namespace

// ---- USER and PASS, APOP ----

void Connection::log_in(Login& login) {
  if (!begin_login("USER", std::move(login.user))) return;
  question_ = services_.credentials.verify_password(
      user_, std::move(login.password), directory::Service::pop3,
      [this](Result<LoginAnswer> answer) { on_verified(std::move(answer)); });
}

void Connection::log_in(Apop& login) {
  if (!begin_login("APOP", std::move(login.user))) return;
  question_ = services_.credentials.verify_apop(
      user_, login.timestamp, login.digest,
      [this](Result<LoginAnswer> answer) { on_verified(std::move(answer)); });
}

// False: it is refused already.
bool Connection::begin_login(std::string_view mechanism, std::string user) {
  mechanism_ = mechanism;
  login_heard_ = services_.loop.now();
  user_ = std::move(user);
  verifying_ = !services_.attempts.is_banned(client_, user_);
  if (!verifying_) refuse({auth::Refused::Why::banned, {}});
  return verifying_;
}

void Connection::on_verified(Result<LoginAnswer> answer) {
  using Why = auth::Refused::Why;
  verifying_ = false;
  if (!answer) {
    refuse({Why::unavailable, answer.error().text});
  } else if (answer->accepted) {
    admit(std::move(*answer));
  } else {
    refuse({Why::credentials, std::string(answer->reason), std::move(answer->mailbox)});
  }
  act();
}

// ---- SASL ----

void Connection::authenticate(Authenticate& begin) {
  // What ended the last one may be what brought this one.
  if (login_) services_.loop.destroy_later(std::move(login_));
  mechanism_ = sasl::name_of(begin.mechanism);
  login_heard_ = services_.loop.now();
  login_ = std::make_unique<auth::Authentication>(
      services_.credentials, directory::Service::pop3, begin.mechanism, stream_.channel_bindings(),
      [this](std::string_view user) { return services_.attempts.is_banned(client_, user); },
      [this](auth::Event event) {
        on_event(std::move(event));
        act();
      });
  if (auto event = login_->begin(std::move(begin.initial))) on_event(std::move(*event));
}

void Connection::respond(AuthResponse& response) {
  login_heard_ = services_.loop.now();
  if (auto event = login_->on_response(std::move(response.octets))) on_event(std::move(*event));
}

void Connection::on_event(auth::Event event) {
  if (!login_) return;  // the connection is over
  user_ = login_->user();
  std::visit(Overloaded{
                 [&](const sasl::Challenge& challenge) { session_.on_challenge(challenge.octets); },
                 [&](LoginAnswer& answer) { admit(std::move(answer)); },
                 [&](const auth::Refused& refused) { refuse(refused); },
             },
             event);
}

void Connection::abandon_login() {
  if (verifying_ || (login_ && login_->verifying())) {
    if (login_) user_ = login_->user();
    note_attempt(End::abandoned, "the client left before the answer", {});
    return login_.reset();
  }
  // This may be its own call.
  if (login_) services_.loop.destroy_later(std::move(login_));
}

// ---- The end of a login ----

void Connection::admit(LoginAnswer answer) {
  const auto consequence = note_attempt(End::accepted, {}, answer.mailbox);
  if (consequence.banned) return refuse_later(LoginRefusal::banned, consequence.delay);
  // This may be its own call.
  if (login_) services_.loop.destroy_later(std::move(login_));
  user_ = std::move(answer.mailbox);
  admitted_ = services_.loop.now();
  maildir::Remembrance remembrance = options_.remembrance;
  remembrance.trash = directory::kept_for(answer.keeping.trash, options_.trash).count() > 0;
  question_ = services_.files.run(
      [directory = options_.mail_directory, mailbox = user_, delay = options_.login_delay,
       now = services_.clock.now(), remembrance = std::move(remembrance),
       &full_marks = services_.full_marks] {
        auto opened = open_mailbox(directory, mailbox, delay, now, remembrance);
        // A session that was killed had promised it, and told nobody.
        if (opened && opened->mailbox && opened->mailbox->finished().removed > 0)
          full_marks.clear(mailbox);
        return opened;
      },
      [this, login = std::move(answer)](Result<Opening> opened) {
        on_opened(std::move(opened), login);
        act();
      });
}

void Connection::refuse(const auth::Refused& refused) {
  if (refused.why == auth::Refused::Why::unavailable) {
    services_.attempts.note_unavailable(refused.reason);
    services_.counters.add(metrics::Counter::pop3_logins_refused);
    return session_.on_login_refused(LoginRefusal::temporary);
  }
  const bool was_banned = refused.why == auth::Refused::Why::banned;
  const auto consequence =
      note_attempt(was_banned ? End::banned : End::refused, refused.reason, refused.mailbox);
  refuse_later(consequence.banned ? LoginRefusal::banned : refusal_for(refused.why),
               consequence.delay);
}

auth::Consequence Connection::note_attempt(End end, std::string_view reason,
                                           std::string_view mailbox) {
  return services_.attempts.note({client_, user_, mechanism_, end, reason, mailbox});
}

// Meanwhile the session waits. The next login of a client that pipelines may be refused within the
// timer's own call.
void Connection::refuse_later(LoginRefusal why, std::chrono::microseconds delay) {
  services_.counters.add(metrics::Counter::pop3_logins_refused);
  refusal_ = why;
  if (!login_delay_)
    login_delay_.emplace(services_.loop, [this] {
      session_.on_login_refused(refusal_);
      act();
    });
  // What the hash took is part of it: one that costs more than ours would tell that there is a
  // user. As far as it goes: a hash that costs more than the delay tells it still.
  login_delay_->arm(
      std::max(delay - (services_.loop.now() - login_heard_), std::chrono::microseconds{0}));
}

void Connection::refuse_mailbox(LoginRefusal why, std::string_view reason) {
  services_.counters.add(metrics::Counter::pop3_logins_refused);
  const bool ours = why == LoginRefusal::temporary || why == LoginRefusal::permanent;
  auto entry = ours ? services_.log.error("login_refused") : services_.log.info("login_refused");
  entry.with("user", user_).with("client", client_.str()).with("reason", reason);
  session_.on_login_refused(why);
}

void Connection::on_opened(Result<Opening> opened, const LoginAnswer& login) {
  if (!opened)
    return refuse_mailbox(opened.error().kind == ErrorKind::invalid ? LoginRefusal::permanent
                                                                    : LoginRefusal::temporary,
                          opened.error().text);
  if (opened->too_soon)
    return refuse_mailbox(LoginRefusal::too_soon, "the last login was less than login_delay ago");
  if (opened->mailbox == nullptr)
    return refuse_mailbox(LoginRefusal::in_use, "the mailbox is in use");
  mailbox_ = std::move(opened->mailbox);
  timer_.disarm();
  login_delay_.reset();
  logged_in_ = true;
  services_.counters.add(metrics::Counter::pop3_logins);
  services_.counters.observe(metrics::Duration::pop3_login, services_.loop.now() - admitted_);
  note_login(login.app_password);
  if (mailbox_->skipped() > 0)
    services_.log.warning("files_not_served")
        .with("user", user_)
        .with("count", mailbox_->skipped())
        .with("first", mailbox_->skipped_example());
  log_finished(services_.log, user_, mailbox_->finished());
  if (mailbox_->damaged_journal() > 0)
    services_.log.warning("journal_damaged")
        .with("user", user_)
        .with("octets", mailbox_->damaged_journal())
        .with("reason",
              "what they remembered as deleted is not known; see `postrider mailbox repair`");
  std::optional<std::chrono::seconds> retention;
  if (login.keeping.retention) retention = directory::kept_for(login.keeping.retention, {});
  session_.on_login_accepted(mailbox_->listing(), retention);
}

void Connection::note_login(const std::string& app_password) {
  auto entry = services_.log.info("login");
  entry.with("user", user_).with("client", client_.str());
  entry.with("messages", mailbox_->listing().size()).with("mechanism", mechanism_);
  if (!tls_.empty()) entry.with("tls", tls_);
  if (!app_password.empty()) entry.with("app_password", app_password);
}

}  // namespace postrider::pop3d
