// credential_cache.h - the passwords that were found right lately, so that a client that comes
// again and again costs one hash in minutes.
//
// Kept is a hash of user, service and password, keyed with a secret of this process: what was
// stolen from its memory is of use nowhere else. Only what is right is kept, so that guessing costs
// as ever.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "common/directory/answer_cache.h"
#include "common/directory/credentials.h"

namespace postrider::directory {

class CredentialCache {
 public:
  // How long a password is taken for right without being verified.
  static constexpr std::chrono::minutes kLifetime{5};

  // Holds at most twice `generation` of them.
  explicit CredentialCache(std::size_t generation);

  std::string key(std::string_view address, Service service, const Secret& password) const;

  // What verifying gave, or null. `now` is of the loop. Valid until the next call.
  const LoginAnswer* find(const std::string& key, std::chrono::microseconds now);
  // `lifetime` is cut to kLifetime.
  void keep(const std::string& key, LoginAnswer answer, std::chrono::microseconds now,
            std::chrono::microseconds lifetime);
  void clear() { cache_.clear(); }
  std::size_t size() const noexcept { return cache_.size(); }

 private:
  struct Kept {
    LoginAnswer answer;
    std::chrono::microseconds until;
  };

  std::array<unsigned char, 32> secret_;
  AnswerCache<Kept> cache_;
};

}  // namespace postrider::directory
