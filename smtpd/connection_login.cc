// connection_login.cc - how a client logs in: what it says is handed on to an Authentication, and
// the answers come back.
#include <algorithm>
#include <utility>
#include <variant>

#include "common/auth/ban_words.h"
#include "common/base/overloaded.h"
#include "smtpd/connection.h"
#include "smtpd/priority.h"

namespace postrider::smtpd {

using End = auth::Attempt::End;

namespace {

// RFC 4954 section 6. Nothing tells an unknown user from a wrong password, nor, while a ban holds,
// a wrong password from the right one.
smtp::Reply reply_to(auth::Refused::Why why) {
  using Why = auth::Refused::Why;
  switch (why) {
    case Why::malformed: return {501, "5.5.2", "the response is none of this mechanism"};
    case Why::credentials: return {535, "5.7.8", "authentication credentials invalid"};
    case Why::banned: return {454, "4.7.0", std::string(auth::kAccountIsBanned)};
    case Why::unavailable: break;
  }
  return {454, "4.7.0", "temporary authentication failure, try again"};
}

}  // namespace

void Connection::authenticate(smtp::Authenticate& begin) {
  // What ended the last one may be what brought this one.
  if (login_) services_.loop.destroy_later(std::move(login_));
  login_heard_ = services_.loop.now();
  login_ = std::make_unique<auth::Authentication>(
      services_.credentials, directory::Service::smtp, begin.mechanism, stream_.channel_bindings(),
      [this](std::string_view user) { return services_.attempts.is_banned(client_.address, user); },
      [this](auth::Event event) {
        on_login(std::move(event));
        act();
      });
  if (auto event = login_->begin(std::move(begin.initial))) on_login(std::move(*event));
}

void Connection::respond(smtp::AuthResponse& response) {
  login_heard_ = services_.loop.now();
  if (auto event = login_->on_response(std::move(response.octets))) on_login(std::move(*event));
}

void Connection::on_login(auth::Event event) {
  std::visit(Overloaded{
                 [&](const sasl::Challenge& challenge) { session_.on_challenge(challenge.octets); },
                 [&](directory::LoginAnswer& login) { admit(std::move(login)); },
                 [&](const auth::Refused& refused) { refuse_login(refused); },
             },
             event);
}

void Connection::admit(directory::LoginAnswer login) {
  const auto consequence = note_attempt(End::accepted, {}, login.mailbox);
  if (consequence.banned) return refuse_later(auth::Refused::Why::banned, consequence.delay);
  auto entry = services_.log.info("authenticated");
  entry.with("user", login.mailbox).with("client", client_.str());
  entry.with("mechanism", sasl::name_of(login_->mechanism()));
  if (!login.app_password.empty()) entry.with("app_password", login.app_password);
  name_session(entry);
  client_.may_relay = true;
  client_.user = login.mailbox;
  login_admitted_ = login;
  session_.on_authenticated(std::move(login.mailbox));
}

// A session may last: who was disabled, or lost the password, sends no more by it.
void Connection::confirm_login(int priority) {
  question_ =
      services_.credentials.confirm(*login_admitted_, directory::Service::smtp,
                                    [this, priority](const Result<directory::LoginAnswer>& answer) {
                                      session_.on_verdict(confirmed(answer, priority));
                                      question_.reset();
                                      act();
                                    });
}

smtp::Reply Connection::confirmed(const Result<directory::LoginAnswer>& answer, int priority) {
  if (!answer) {
    services_.attempts.note_unavailable(answer.error().text);
    return {451, "4.3.0", "whether you may still send cannot be told now, try again"};
  }
  services_.attempts.note_available();
  if (answer->accepted) return answer_sender(client_, priority);
  auto entry = services_.log.info("login_revoked");
  entry.with("user", login_admitted_->mailbox).with("client", client_.str());
  entry.with("reason", answer->reason);
  name_session(entry);
  return {421, "4.7.0",
          listener_.session.hostname + " closing: this login does not hold any more, log in again"};
}

void Connection::refuse_login(const auth::Refused& refused) {
  if (refused.why == auth::Refused::Why::unavailable) {
    services_.attempts.note_unavailable(refused.reason);
    return session_.on_verdict(reply_to(refused.why));
  }
  const bool was_banned = refused.why == auth::Refused::Why::banned;
  const auto consequence =
      note_attempt(was_banned ? End::banned : End::refused, refused.reason, refused.mailbox);
  refuse_later(consequence.banned ? auth::Refused::Why::banned : refused.why, consequence.delay);
}

void Connection::abandon_login() {
  if (login_ && login_->verifying())
    note_attempt(End::abandoned, "the client left before the answer", {});
  login_.reset();
}

auth::Consequence Connection::note_attempt(End end, std::string_view reason,
                                           std::string_view mailbox) {
  return services_.attempts.note({client_.address, login_->user(),
                                  sasl::name_of(login_->mechanism()), end, reason, mailbox,
                                  id_.view()});
}

// Meanwhile the session waits for its verdict. The next login of a client that pipelines may be
// refused within the timer's own call.
void Connection::refuse_later(auth::Refused::Why why, std::chrono::microseconds delay) {
  login_refusal_ = why;
  if (!login_delay_)
    login_delay_.emplace(services_.loop, [this] {
      session_.on_verdict(reply_to(login_refusal_));
      act();
    });
  // What the hash took is part of it: one that costs more than ours would tell that there is a
  // user. As far as it goes: a hash that costs more than the delay tells it still.
  login_delay_->arm(
      std::max(delay - (services_.loop.now() - login_heard_), std::chrono::microseconds{0}));
}

}  // namespace postrider::smtpd
