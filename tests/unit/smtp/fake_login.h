// fake_login.h - who may log in to a server of a test, by a real exchange: one user, that of RFC
// 4954.
#pragma once

#include <optional>
#include <string>

#include "common/base/overloaded.h"
#include "common/sasl/server_exchange.h"
#include "common/smtp/server_session.h"

namespace postrider::smtp::testing {

class FakeLogin {
 public:
  std::string user = "test";
  std::string password = "1234";
  ChannelBindings bindings;  // of the connection
  bool away = false;         // who knows the users

  sasl::Binding binding() const {
    return bindings.tls_exporter.empty() ? sasl::Binding::none : sasl::Binding::possible;
  }

  void begin(Authenticate begin) {
    exchange_.emplace(begin.mechanism, bindings);
    step_ = exchange_->begin(std::move(begin.initial));
  }
  void respond(AuthResponse response) {
    step_ = exchange_->on_response(std::move(response.octets));
  }

  // Tells `session` what it has asked for, if that is about the login.
  bool answer(ServerSession& session) {
    if (!step_) return false;
    sasl::Step step = std::move(*std::exchange(step_, std::nullopt));
    if (std::holds_alternative<sasl::AskKeys>(step))
      step = exchange_->on_keys({kSalt, kIterations, {keys()}});
    std::visit(
        Overloaded{
            [&](const sasl::Challenge& challenge) { session.on_challenge(challenge.octets); },
            [&](const sasl::AskPassword& ask) {
              judge(session, ask.user == user && ask.password.reveal() == password);
            },
            [&](const sasl::Proven&) { judge(session, exchange_->user() == user); },
            [&](const auto&) { judge(session, false); },
        },
        step);
    return true;
  }

 private:
  static constexpr const char* kSalt = "salt of 16 octets";
  static constexpr unsigned kIterations = 2;

  sasl::ScramKeys keys() const {
    return *sasl::derive_scram_keys(Secret(password), kSalt, kIterations);
  }
  void judge(ServerSession& session, bool accepted) const {
    if (away) return session.on_verdict({454, "4.7.0", "temporary authentication failure"});
    if (accepted) return session.on_authenticated("test@here.test");
    session.on_verdict({535, "5.7.8", "authentication credentials invalid"});
  }

  std::optional<sasl::ServerExchange> exchange_;
  std::optional<sasl::Step> step_;
};

}  // namespace postrider::smtp::testing
