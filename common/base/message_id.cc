#include "common/base/message_id.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/check.h"

namespace postrider {

namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
constexpr unsigned kDigitBits = 5;
constexpr std::uint64_t kCounterMask = (1U << 22U) - 1;
constexpr std::uint64_t kRandomMask = (1U << 20U) - 1;

// Writes the low 50 bits of `value` as ten digits.
void write_digits(char* to, std::uint64_t value) {
  for (unsigned i = 10; i-- > 0; value >>= kDigitBits) to[i] = kDigits[value & 31U];
}

}  // namespace

std::optional<MessageId> MessageId::parse(std::string_view text) noexcept {
  if (text.size() != kLength) return std::nullopt;
  if (text.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  MessageId id;
  std::copy(text.begin(), text.end(), id.text_.begin());
  return id;
}

MessageId MessageId::derived(const MessageId& of, std::uint64_t key) noexcept {
  MessageId id = of;
  write_digits(id.text_.data() + kLength / 2, XXH3_64bits_withSeed(of.text_.data(), kLength, key));
  return id;
}

MessageId MessageId::first_at(WallTime time) noexcept {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  MessageId id;
  if (ms > 0) write_digits(id.text_.data(), static_cast<std::uint64_t>(ms) << 2U);
  return id;
}

WallTime MessageId::time() const noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLength / 2; ++i)
    value = (value << kDigitBits) | static_cast<std::uint64_t>(kDigits.find(text_[i]));
  return WallTime(std::chrono::milliseconds(value >> 2U));
}

MessageIdSource::MessageIdSource(const Clock& clock, unsigned writer, std::uint32_t random)
    : clock_(clock), writer_(writer), counter_(random), random_((random >> 12U) & kRandomMask) {
  POSTRIDER_CHECK(writer < MessageId::kWriters);
}

MessageId MessageIdSource::next() {
  const auto since_1970 = clock_.now().time_since_epoch();
  const auto ms =
      static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(since_1970).count());
  counter_ = (counter_ + 1) & kCounterMask;
  // 100 bits as two halves of 50: time (48) + writer's top 2, writer's low 8 + counter + random.
  MessageId id;
  write_digits(id.text_.data(), (ms << 2U) | (writer_ >> 8U));
  write_digits(id.text_.data() + 10, ((writer_ & 0xffU) << 42U) | (counter_ << 20U) | random_);
  return id;
}

}  // namespace postrider
