// secret.h - a value that no log line and no error text can print.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postrider {

// Holds a password. It has no formatter and no stream operator, cannot be copied, and wipes its
// octets when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      value_ = std::move(other.value_);
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  // The octets, for the one place that verifies them.
  std::string_view reveal() const noexcept { return value_; }
  // The same for a C library, up to a NUL.
  const char* c_str() const noexcept { return value_.c_str(); }

 private:
  void wipe() noexcept;

  std::string value_;
};

}  // namespace postrider
