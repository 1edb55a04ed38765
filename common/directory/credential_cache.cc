#include "common/directory/credential_cache.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sodium.h>

#include "common/base/check.h"

namespace postrider::directory {

namespace {

// Each part with its length before it, so that no two keys are of the same octets.
void feed(crypto_generichash_state& state, std::string_view part) {
  const std::uint64_t size = part.size();
  ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
}

}  // namespace

CredentialCache::CredentialCache(std::size_t generation) : cache_(generation) {
  POSTRIDER_CHECK(::sodium_init() >= 0);
  ::randombytes_buf(secret_.data(), secret_.size());
}

std::string CredentialCache::key(std::string_view address, Service service,
                                 const Secret& password) const {
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  const char service_octet = static_cast<char>(service);
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, secret_.data(), secret_.size(), digest.size());
  feed(state, address);
  feed(state, {&service_octet, 1});
  feed(state, password.reveal());
  ::crypto_generichash_final(&state, digest.data(), digest.size());
  return {digest.begin(), digest.end()};
}

const LoginAnswer* CredentialCache::find(const std::string& key, std::chrono::microseconds now) {
  const Kept* const kept = cache_.find(key);
  return kept != nullptr && now < kept->until ? &kept->answer : nullptr;
}

void CredentialCache::keep(const std::string& key, LoginAnswer answer,
                           std::chrono::microseconds now, std::chrono::microseconds lifetime) {
  cache_.keep(key,
              {std::move(answer), now + std::min<std::chrono::microseconds>(lifetime, kLifetime)});
}

}  // namespace postrider::directory
