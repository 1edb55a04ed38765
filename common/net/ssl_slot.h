// ssl_slot.h - a value of ours that goes with one SSL object, and ends with it.
#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace postrider::net {

// One value of each type. What OpenSSL calls back with is an SSL: this is what we know of it.
template <typename T>
class SslSlot {
 public:
  // False without memory.
  static bool fill(SSL* ssl, std::unique_ptr<T> value) {
    if (SSL_set_ex_data(ssl, index(), value.get()) != 1) return false;
    static_cast<void>(value.release());
    return true;
  }
  // Null where none was filled in.
  static T* find(const SSL* ssl) noexcept { return static_cast<T*>(SSL_get_ex_data(ssl, index())); }

 private:
  static void end(void* /*ssl*/, void* value, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                  long /*argument*/, void* /*pointer*/) noexcept {
    delete static_cast<T*>(value);
  }
  static int index() noexcept {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &SslSlot::end);
    return index;
  }
};

}  // namespace postrider::net
