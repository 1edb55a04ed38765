// scram_client.h - a client of SCRAM-SHA-256, written from RFC 5802 without the library that our
// server uses.
#pragma once

#include <sodium.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "common/base/base64.h"

namespace postrider::sasl::testing {

class ScramClient {
 public:
  ScramClient(std::string user, std::string password)
      : user_(std::move(user)), password_(std::move(password)) {}

  // gs2-cbind-flag "," [authzid] ",", and what the flag "p" binds to.
  std::string header = "n,,";
  std::string binding;
  std::string nonce = "rOprNGfwEbeRWgbNEkqO";

  std::string bare() const { return "n=" + user_ + ",r=" + nonce; }
  std::string first() const { return header + bare(); }

  std::string last(const std::string& server_first) {
    const std::string salt = from_base64(attribute(server_first, 's')).value();
    const unsigned long iterations = std::stoul(attribute(server_first, 'i'));
    const std::string salted = salt_password(salt, iterations);
    const std::string client_key = hmac(salted, "Client Key");
    const std::string without_proof =
        "c=" + to_base64(header + binding) + ",r=" + attribute(server_first, 'r');
    const std::string message = bare() + "," + server_first + "," + without_proof;
    signature_ = to_base64(hmac(hmac(salted, "Server Key"), message));
    return without_proof + ",p=" + to_base64(combine(client_key, hmac(hash(client_key), message)));
  }
  // What the server says when it knows the password as well.
  std::string expected() const { return "v=" + signature_; }

 private:
  static std::string attribute(const std::string& message, char name) {
    const std::string key{name, '='};
    std::size_t at = message.starts_with(key) ? 0 : message.find("," + key) + 1;
    return message.substr(at + 2, message.find(',', at) - at - 2);
  }
  static const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  static unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
  }
  static std::string hmac(std::string_view key, std::string_view message) {
    std::string code(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_state state;
    ::crypto_auth_hmacsha256_init(&state, octets(key), key.size());
    ::crypto_auth_hmacsha256_update(&state, octets(message), message.size());
    ::crypto_auth_hmacsha256_final(&state, octets(code));
    return code;
  }
  static std::string hash(std::string_view message) {
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    ::crypto_hash_sha256(octets(digest), octets(message), message.size());
    return digest;
  }
  static std::string combine(std::string a, std::string_view b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(),
                   [](char x, char y) { return static_cast<char>(x ^ y); });
    return a;
  }
  // Hi(): RFC 5802 section 2.2.
  std::string salt_password(const std::string& salt, unsigned long iterations) const {
    std::string u = hmac(password_, salt + std::string("\0\0\0\1", 4));
    std::string sum = u;
    for (unsigned long i = 1; i < iterations; ++i) sum = combine(sum, u = hmac(password_, u));
    return sum;
  }

  const std::string user_;
  const std::string password_;
  std::string signature_;
};

}  // namespace postrider::sasl::testing
