#include "common/sasl/apop.h"

#include <array>
#include <string>

#include <openssl/evp.h>
#include <sodium.h>

#include "common/base/handle.h"

namespace postrider::sasl {

bool apop_fits(std::string_view timestamp, const Secret& secret, std::string_view digest) {
  const Handle<EVP_MD_CTX, &EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
  unsigned size = 0;
  const std::string_view known = secret.reveal();
  const bool made = context != nullptr &&
                    EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), timestamp.data(), timestamp.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), known.data(), known.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), octets.data(), &size) == 1;
  if (!made || digest.size() != kApopDigest || 2 * size != kApopDigest) return false;
  std::array<char, kApopDigest + 1> right{};  // and a NUL
  ::sodium_bin2hex(right.data(), right.size(), octets.data(), size);
  return ::sodium_memcmp(right.data(), digest.data(), kApopDigest) == 0;
}

}  // namespace postrider::sasl
