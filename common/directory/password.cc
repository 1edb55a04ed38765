#include "common/directory/password.h"

#include <array>
#include <cerrno>

#include <sodium.h>

#include "common/base/check.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = 19U << 20U;

// Of a random password that nobody has kept, at the cost above.
constexpr const char* kNoPassword =
    "$argon2id$v=19$m=19456,t=2,p=1$"
    "kcByz7bAztYIBqZV+AryGA$gw3MUP4ipvDVNoBTkvVwJxknCL2rZZLreQr6d57JknA";

// May be called again and from any thread.
void start_library() { POSTRIDER_CHECK(::sodium_init() >= 0); }

}  // namespace

Result<std::string> hash_password(const Secret& password) {
  start_library();
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  const Secret text = sasl::prepared(password);
  const std::string_view octets = text.reveal();
  if (::crypto_pwhash_str_alg(hash.data(), octets.data(), octets.size(), kPasses, kMemory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorKind::temporary, "no memory to hash a password");
  return std::string(hash.data());
}

// What is longer than the library's own hashes, as with a longer salt, it verifies but cannot read
// the cost of.
bool is_password_hash(const std::string& hash) {
  start_library();
  if (hash.size() >= crypto_pwhash_STRBYTES)
    return hash.starts_with(crypto_pwhash_argon2id_STRPREFIX) ||
           hash.starts_with(crypto_pwhash_argon2i_STRPREFIX);
  return ::crypto_pwhash_str_needs_rehash(hash.c_str(), kPasses, kMemory) >= 0;
}

Result<bool> password_fits(const std::string& hash, const Secret& password) {
  if (!hash.empty() && !is_password_hash(hash))
    return fail(ErrorKind::invalid, "what a password was to be verified by is no argon2 hash");
  const Secret text = sasl::prepared(password);
  const std::string_view octets = text.reveal();
  errno = 0;
  const int verdict = ::crypto_pwhash_str_verify(hash.empty() ? kNoPassword : hash.c_str(),
                                                 octets.data(), octets.size());
  if (verdict == 0) return !hash.empty();
  // Of a hash that is one, a mismatch alone.
  if (errno == EINVAL) return false;
  return fail(ErrorKind::temporary, "no memory to verify a password");
}

std::string scram_salt(std::string_view salt_key, std::string_view address) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> salt{};
  ::crypto_generichash(salt.data(), salt.size(),
                       reinterpret_cast<const unsigned char*>(address.data()), address.size(),
                       reinterpret_cast<const unsigned char*>(salt_key.data()), salt_key.size());
  return {salt.begin(), salt.end()};
}

}  // namespace postrider::directory
