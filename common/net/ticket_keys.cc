#include "common/net/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace postrider::net {

TicketKeys::Key::~Key() { OPENSSL_cleanse(this, sizeof *this); }

TicketKeys::TicketKeys() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1)
    throw std::runtime_error("no randomness for session tickets");
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

std::int64_t TicketKeys::period_of(WallTime now) {
  return now.time_since_epoch() / std::chrono::duration_cast<std::chrono::microseconds>(kPeriod);
}

const TicketKeys::Key* TicketKeys::find(std::span<const unsigned char, kNameSize> name,
                                        WallTime now) {
  for (const std::int64_t period : {period_of(now), period_of(now) - 1}) {
    const Key& key = of(period);
    if (std::equal(name.begin(), name.end(), key.name.begin())) return &key;
  }
  return nullptr;
}

// Each handshake asks for them.
const TicketKeys::Key& TicketKeys::of(std::int64_t period) {
  Derived& derived = derived_[static_cast<std::size_t>(period) % derived_.size()];
  if (derived.period != period) derived = {period, derive(period)};
  return derived.key;
}

TicketKeys::Key TicketKeys::derive(std::int64_t period) const {
  Key key;
  derive("name", period, key.name);
  derive("cipher", period, key.cipher);
  derive("mac", period, key.mac);
  return key;
}

// One block of HKDF-Expand (RFC 5869 section 2.3): HMAC with the secret, over what is distinct for
// each key.
void TicketKeys::derive(std::string_view purpose, std::int64_t period,
                        std::span<unsigned char> to) const {
  const std::string text = fmt::format("session ticket {} {}\x01", purpose, period);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  std::copy_n(digest.begin(), std::min<std::size_t>(size, to.size()), to.begin());
  OPENSSL_cleanse(digest.data(), digest.size());
}

}  // namespace postrider::net
