// The login at a server that takes mail from its users alone (RFC 4954, RFC 6409).
#include "common/smtp/client_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/base64.h"

namespace postrider::smtp {

namespace {

using sasl::Mechanism;

// The strongest first.
constexpr std::array kPreferred{Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256,
                                Mechanism::plain, Mechanism::login};

bool shows_password(Mechanism mechanism) {
  return mechanism == Mechanism::plain || mechanism == Mechanism::login;
}

// RFC 4954 section 6: the server does not know the mechanism that it named, or finds it too weak;
// nothing is said of user and password.
bool refuses_mechanism(const Reply& reply) { return reply.code == 504 || reply.code == 534; }

bool has_any(const ChannelBindings& bindings) {
  return !bindings.tls_exporter.empty() || !bindings.tls_unique.empty();
}

}  // namespace

// A password is shown in the clear only where everything is meant to go so.
std::optional<Mechanism> ClientSession::best_mechanism() const {
  for (const Mechanism mechanism : kPreferred) {
    if (std::find(mechanisms_.begin(), mechanisms_.end(), mechanism) == mechanisms_.end()) continue;
    if (mechanism == Mechanism::scram_sha_256_plus && !has_any(bindings_)) continue;
    if (shows_password(mechanism) && !secured_ && level_ != TlsLevel::none) continue;
    return mechanism;
  }
  return std::nullopt;
}

void ClientSession::log_in() {
  if (login_ == nullptr) return enter(State::ready);
  const auto mechanism = best_mechanism();
  if (!mechanism) {
    send("QUIT\r\n");
    return refuse_login("4.7.0",
                        "is not possible: the server offers no mechanism that can be used");
  }
  exchange_.emplace(*mechanism, *login_, bindings_);
  const auto initial = exchange_->begin();
  // RFC 4954 section 4: "=" is an empty initial response, which no mechanism of ours has.
  send(fmt::format("AUTH {}{}{}\r\n", sasl::name_of(*mechanism), initial ? " " : "",
                   initial ? to_base64(initial->reveal()) : ""));
  enter(State::auth);
}

void ClientSession::auth_answered(const Reply& reply) {
  if (reply.code == 334) return answer_challenge(reply);
  if (refuses_mechanism(reply)) {
    const bool showed = shows_password(exchange_->mechanism());
    std::erase(mechanisms_, exchange_->mechanism());
    const auto next = best_mechanism();
    // Whoever stands between could refuse in the server's name, to be shown the password.
    const bool is_safe = next && (showed || !shows_password(*next) || level_ == TlsLevel::verify);
    if (is_safe) return log_in();
  }
  if (reply.code != 235)
    return refuse_login("4.7.0", fmt::format("is refused: {}", to_line(reply)));
  if (!exchange_->complete())
    return refuse_login("4.7.5", "ended before the server had proven that it knows the password");
  exchange_.reset();
  enter(State::ready);
}

void ClientSession::answer_challenge(const Reply& reply) {
  const auto challenge = from_base64(reply.text);
  const auto answer = challenge ? exchange_->on_challenge(*challenge) : std::nullopt;
  if (!answer)
    return refuse_login("4.7.5", fmt::format("failed: the server's challenge is none of {}, or it "
                                             "does not know the password",
                                             sasl::name_of(exchange_->mechanism())));
  send(to_base64(answer->reveal()) + "\r\n");
  enter(State::auth);
}

// It may be mended, and the mail waits for that (RFC 4954 section 6).
void ClientSession::refuse_login(std::string status, std::string_view what) {
  actions_.emplace_back(
      Unusable{{0, std::move(status), fmt::format("our login {}", what)}, Fault::login});
  close();
}

}  // namespace postrider::smtp
