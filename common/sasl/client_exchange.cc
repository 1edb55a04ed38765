#include "common/sasl/client_exchange.h"

#include <utility>

#include "common/sasl/library_session.h"

namespace postrider::sasl {

// Deviation: RFC 5802 section 6 has a client that could bind say so where the server does not
// (flag "y"), because libgsasl takes no binding without -PLUS: ours says that it cannot ("n").
ClientExchange::ClientExchange(Mechanism mechanism, const Login& login,
                               const ChannelBindings& bindings)
    : mechanism_(mechanism),
      session_(std::make_unique<LibrarySession>(
          LibrarySession::Side::client, mechanism,
          mechanism == Mechanism::scram_sha_256_plus ? bindings : ChannelBindings{})) {
  session_->set_text(GSASL_AUTHID, login.user.c_str());
  session_->set_text(GSASL_PASSWORD, login.password.c_str());
}
ClientExchange::~ClientExchange() = default;

std::optional<Secret> ClientExchange::begin() {
  if (mechanism_ == Mechanism::login) return std::nullopt;
  return answer({});
}

std::optional<Secret> ClientExchange::on_challenge(std::string_view octets) {
  if (complete_) return std::nullopt;
  return answer(octets);
}

std::optional<Secret> ClientExchange::answer(std::string_view octets) {
  Reaction reaction = session_->step(octets);
  if (reaction.code != GSASL_OK && reaction.code != GSASL_NEEDS_MORE) return std::nullopt;
  complete_ = reaction.code == GSASL_OK;
  return std::move(reaction.message);
}

}  // namespace postrider::sasl
