#include "common/sasl/client_exchange.h"

#include <charconv>
#include <cstdint>
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

// RFC 5802 section 5.1: the server names the iterations, "r=...,s=...,i=4096", and they are done on
// the loop. Few make the password easy to guess for who hears the exchange.
bool ClientExchange::is_bearable(std::string_view challenge) const {
  const bool scram =
      mechanism_ == Mechanism::scram_sha_256 || mechanism_ == Mechanism::scram_sha_256_plus;
  const std::size_t at = challenge.find(",i=");
  if (!scram || at == std::string_view::npos) return true;
  const std::string_view number = challenge.substr(at + 3, challenge.find(',', at + 3) - at - 3);
  std::uint64_t iterations = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), iterations);
  return error == std::errc() && end == number.data() + number.size() &&
         iterations >= kMinIterations && iterations <= kMaxIterations;
}

std::optional<Secret> ClientExchange::begin() {
  if (mechanism_ == Mechanism::login) return std::nullopt;
  return answer({});
}

std::optional<Secret> ClientExchange::on_challenge(std::string_view octets) {
  if (complete_ || !is_bearable(octets)) return std::nullopt;
  return answer(octets);
}

std::optional<Secret> ClientExchange::answer(std::string_view octets) {
  Reaction reaction = session_->step(octets);
  if (reaction.code != GSASL_OK && reaction.code != GSASL_NEEDS_MORE) return std::nullopt;
  complete_ = reaction.code == GSASL_OK;
  return std::move(reaction.message);
}

}  // namespace postrider::sasl
