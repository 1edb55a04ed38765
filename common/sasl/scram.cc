#include "common/sasl/scram.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gsasl.h>
#include <sodium.h>

#include "common/base/base64.h"

namespace postrider::sasl {

namespace {

using Key = ScramKeys::Key;
static_assert(ScramKeys::kSize == crypto_auth_hmacsha256_BYTES &&
              ScramKeys::kSize == crypto_auth_hmacsha256_KEYBYTES &&
              ScramKeys::kSize == crypto_hash_sha256_BYTES);

unsigned char* octets(Key& key) { return reinterpret_cast<unsigned char*>(key.data()); }
const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Key hash(Key key) {
  Key digest{};
  ::crypto_hash_sha256(octets(digest), octets(key), key.size());
  return digest;
}

Key hmac(Key key, std::string_view message) {
  Key code{};
  ::crypto_auth_hmacsha256(octets(code), octets(message), message.size(), octets(key));
  return code;
}

struct FreeSecret {
  void operator()(char* text) const noexcept {
    ::sodium_memzero(text, std::char_traits<char>::length(text));
    ::gsasl_free(text);
  }
};

}  // namespace

Result<ScramKeys> derive_scram_keys(const Secret& password, std::string_view salt,
                                    unsigned iterations) {
  const Secret text = prepared(password);
  if (text.reveal().find('\0') != std::string_view::npos)
    return fail(ErrorKind::invalid, "a password has no NUL");
  ScramKeys keys;
  Key salted{};
  Key client{};
  const int result = ::gsasl_scram_secrets_from_password(
      GSASL_HASH_SHA256, text.c_str(), iterations, salt.data(), salt.size(), salted.data(),
      client.data(), keys.server.data(), keys.stored.data());
  ::sodium_memzero(salted.data(), salted.size());
  ::sodium_memzero(client.data(), client.size());
  if (result != GSASL_OK)
    return fail(ErrorKind::temporary,
                std::string("a SCRAM key could not be derived: ") + ::gsasl_strerror(result));
  return keys;
}

// AuthMessage     := client-first-message-bare + "," + server-first-message + "," +
//                    client-final-message-without-proof
// ClientSignature := HMAC(StoredKey, AuthMessage)
// ClientProof     := ClientKey XOR ClientSignature, and StoredKey := H(ClientKey)
bool proves(const ScramMessages& messages, const ScramKeys& keys) {
  // Before the bare message stands the GS2 header: a flag and an authorization identity.
  const std::size_t flag = messages.client_first.find(',');
  if (flag == std::string_view::npos) return false;
  const std::size_t header = messages.client_first.find(',', flag + 1);
  constexpr std::string_view kProof = ",p=";
  const std::size_t proof_at = messages.client_final.rfind(kProof);
  if (header == std::string_view::npos || proof_at == std::string_view::npos) return false;
  const auto proof = from_base64(messages.client_final.substr(proof_at + kProof.size()));
  if (!proof || proof->size() != ScramKeys::kSize) return false;

  std::string message(messages.client_first.substr(header + 1));
  message.append(",").append(messages.server_first);
  message.append(",").append(messages.client_final.substr(0, proof_at));
  Key client_key = hmac(keys.stored, message);
  std::transform(client_key.begin(), client_key.end(), proof->begin(), client_key.begin(),
                 [](char a, char b) { return static_cast<char>(a ^ b); });
  return ::sodium_memcmp(hash(client_key).data(), keys.stored.data(), ScramKeys::kSize) == 0;
}

Secret prepared(const Secret& password) {
  std::string text(password.reveal());
  // A C string to the library: what has a NUL in it is no text.
  const bool is_text = text.find('\0') == std::string::npos;
  char* made = nullptr;
  if (is_text &&
      ::gsasl_saslprep(text.c_str(), GSASL_ALLOW_UNASSIGNED, &made, nullptr) == GSASL_OK) {
    const std::unique_ptr<char, FreeSecret> owned(made);
    return Secret(owned.get());
  }
  return Secret(std::move(text));
}

}  // namespace postrider::sasl
