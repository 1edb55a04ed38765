// connection_login.cc - how a client logs in: the session's words, handed on to an Authentication
// and back.
#include <utility>
#include <variant>

#include "common/base/overloaded.h"
#include "smtpd/connection.h"

namespace postrider::smtpd {

namespace {

smtp::Reply banned() { return {454, "4.7.0", "too many wrong passwords, try again later"}; }

// RFC 4954 section 6. Nothing tells an unknown user from a wrong password.
smtp::Reply reply_to(auth::Refused::Why why) {
  using Why = auth::Refused::Why;
  switch (why) {
    case Why::malformed: return {501, "5.5.2", "the response is none of this mechanism"};
    case Why::credentials: return {535, "5.7.8", "authentication credentials invalid"};
    case Why::unavailable: break;
  }
  return {454, "4.7.0", "temporary authentication failure, try again"};
}

}  // namespace

void Connection::authenticate(smtp::Authenticate& begin) {
  // What ended the last one may be what brought this one.
  if (login_) services_.loop.destroy_later(std::move(login_));
  login_ = std::make_unique<auth::Authentication>(services_.credentials, directory::Service::smtp,
                                                  begin.mechanism, stream_.channel_bindings(),
                                                  [this](auth::Event event) {
                                                    on_login(std::move(event));
                                                    act();
                                                  });
  if (auto event = login_->begin(std::move(begin.initial))) on_login(std::move(*event));
}

void Connection::respond(smtp::AuthResponse& response) {
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
  const std::string_view mechanism = sasl::name_of(login_->mechanism());
  const auto consequence =
      services_.attempts.note({client_.address, login_->user(), mechanism, true, {}});
  if (consequence.banned) return refuse_later(banned(), consequence.delay);
  auto entry = services_.log.info("authenticated");
  entry.with("user", login.mailbox).with("client", client_.str());
  entry.with("mechanism", mechanism);
  if (!login.app_password.empty()) entry.with("app_password", login.app_password);
  client_.may_relay = true;
  client_.user = login.mailbox;
  session_.on_authenticated(std::move(login.mailbox));
}

void Connection::refuse_login(const auth::Refused& refused) {
  if (refused.why == auth::Refused::Why::unavailable) {
    services_.log.error("authentication_unavailable")
        .with("user", login_->user())
        .with("client", client_.str())
        .with("reason", refused.reason);
    return session_.on_verdict(reply_to(refused.why));
  }
  const auto consequence = services_.attempts.note(
      {client_.address, login_->user(), sasl::name_of(login_->mechanism()), false, refused.reason});
  refuse_later(consequence.banned ? banned() : reply_to(refused.why), consequence.delay);
}

// Meanwhile the session waits for its verdict.
void Connection::refuse_later(smtp::Reply reply, std::chrono::microseconds delay) {
  login_delay_.emplace(services_.loop, [this, reply = std::move(reply)]() mutable {
    session_.on_verdict(std::move(reply));
    act();
  });
  login_delay_->arm(delay);
}

}  // namespace postrider::smtpd
