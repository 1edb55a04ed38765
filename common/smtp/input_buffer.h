// input_buffer.h - what arrived and was not yet processed, copied only when it must be kept.
//
// Bytes are looked at where the owner has them. Only what is left when all processing is done is
// copied, to come before the bytes that arrive next.
#pragma once

#include <string>
#include <string_view>

namespace postrider::smtp {

class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  // Adds `bytes`, which stay valid until keep(). Ends the life of views into rest().
  void add(std::string_view bytes) {
    if (rest_.empty()) {
      rest_ = bytes;
      return;
    }
    keep();
    held_.append(bytes);
    rest_ = held_;
  }

  // The octets not yet processed; who processes some takes them from its front.
  std::string_view& rest() noexcept { return rest_; }
  std::string_view rest() const noexcept { return rest_; }

  // Copies what is left out of the owner's bytes. Ends the life of views into rest().
  void keep() {
    const bool holds_rest = rest_.size() <= held_.size() &&
                            rest_.data() == held_.data() + (held_.size() - rest_.size());
    if (holds_rest) {
      held_.erase(0, held_.size() - rest_.size());
    } else {
      held_.assign(rest_);
    }
    if (held_.empty() && held_.capacity() > kKeptCapacity) held_.shrink_to_fit();
    rest_ = held_;
  }

 private:
  // A buffer that grew beyond this is given back when it is empty.
  static constexpr std::size_t kKeptCapacity = 1024;

  std::string held_;
  std::string_view rest_;
};

}  // namespace postrider::smtp
