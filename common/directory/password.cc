#include "common/directory/password.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>

#include <sodium.h>

#include "common/base/base64.h"
#include "common/base/check.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = 19U << 20U;
// Of another program's hash: more would let one login take what all others need.
constexpr std::uint64_t kMaxPasses = 10;
constexpr std::uint64_t kMaxMemory = 256U << 10U;  // KiB
// Octets (RFC 9106 section 3.1, and what the library takes).
constexpr std::size_t kMinSalt = 8;
constexpr std::size_t kMinTag = 16;
constexpr std::size_t kMaxPart = 64;

// Of a random password that nobody has kept, at the cost above.
constexpr const char* kHashOfNone =
    "$argon2id$v=19$m=19456,t=2,p=1$"
    "kcByz7bAztYIBqZV+AryGA$gw3MUP4ipvDVNoBTkvVwJxknCL2rZZLreQr6d57JknA";

// May be called again and from any thread.
void start_library() { POSTRIDER_CHECK(::sodium_init() >= 0); }

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// 0: there is none.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '0') return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Without padding.
bool is_part(std::string_view text, std::size_t least) {
  if (text.find('=') != std::string_view::npos) return false;
  std::string padded(text);
  padded.append((4 - text.size() % 4) % 4, '=');
  const auto octets = from_base64(padded);
  return octets && octets->size() >= least && octets->size() <= kMaxPart;
}

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

// $argon2id$v=19$m=KiB,t=passes,p=lanes$salt$tag. The library's own question reads no hash that is
// longer than those that it makes.
bool is_password_hash(const std::string& hash) {
  std::string_view rest = hash;
  if (!take(rest, crypto_pwhash_argon2id_STRPREFIX) && !take(rest, crypto_pwhash_argon2i_STRPREFIX))
    return false;
  if (!take(rest, "v=19$m=")) return false;
  const std::uint64_t memory = take_number(rest);
  if (memory > kMaxMemory || !take(rest, ",t=")) return false;
  const std::uint64_t passes = take_number(rest);
  if (passes == 0 || passes > kMaxPasses || !take(rest, ",p=")) return false;
  const std::uint64_t lanes = take_number(rest);
  if (lanes == 0 || memory / 8 < lanes || !take(rest, "$")) return false;
  const std::size_t salt = rest.find('$');
  return salt != std::string_view::npos && is_part(rest.substr(0, salt), kMinSalt) &&
         is_part(rest.substr(salt + 1), kMinTag);
}

Result<bool> password_fits(const std::string& hash, const Secret& password) {
  start_library();
  if (!hash.empty() && !is_password_hash(hash))
    return fail(ErrorKind::invalid, "what a password was to be verified by is no argon2 hash");
  const Secret text = sasl::prepared(password);
  const std::string_view octets = text.reveal();
  errno = 0;
  const int verdict = ::crypto_pwhash_str_verify(hash.empty() ? kHashOfNone : hash.c_str(),
                                                 octets.data(), octets.size());
  if (verdict == 0) return !hash.empty();
  // Of a hash that is one, a mismatch alone.
  if (errno == EINVAL) return false;
  if (errno == ENOMEM) return fail(ErrorKind::temporary, "no memory to verify a password");
  return fail(ErrorKind::invalid, "what a password was to be verified by cannot be read");
}

std::string scram_salt(std::string_view salt_key, std::string_view address) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> salt{};
  ::crypto_generichash(salt.data(), salt.size(),
                       reinterpret_cast<const unsigned char*>(address.data()), address.size(),
                       reinterpret_cast<const unsigned char*>(salt_key.data()), salt_key.size());
  return {salt.begin(), salt.end()};
}

}  // namespace postrider::directory
