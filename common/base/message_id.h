// message_id.h - the queue's name for a message, unique on this host and beyond it.
//
// 20 characters of [0-9a-v] (base 32, most significant first) for 100 bits: 48 bits of
// milliseconds since 1970, 10 bits of writer, 22 bits of a counter, 20 bits drawn at random when
// the writer starts. Two ids of one writer differ by time or counter; two writers differ by their
// number; a clock set back is covered by the random part. Ids sort by time of arrival.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace postrider {

class MessageId {
 public:
  static constexpr std::size_t kLength = 20;
  static constexpr unsigned kWriters = 1024;

  // The id without a message: all '0'.
  MessageId() { text_.fill('0'); }

  // The id that `text` spells, or nothing if it is not 20 characters of [0-9a-v].
  static std::optional<MessageId> parse(std::string_view text) noexcept;

  // The id of what is made from the message `of`, once for a `key`: made again, it has the same id
  // and is known as the same. It has the time of `of`.
  static MessageId derived(const MessageId& of, std::uint64_t key) noexcept;

  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }
  std::string str() const { return std::string(view()); }
  // Sorts before each that is made from that millisecond on, and behind those from before.
  static MessageId first_at(WallTime time) noexcept;

  // When it was made, to the millisecond.
  WallTime time() const noexcept;
  auto operator<=>(const MessageId&) const = default;

 private:
  friend class MessageIdSource;
  std::array<char, kLength> text_;
};

// Makes the ids of one writer. One thread at a time.
class MessageIdSource {
 public:
  // `writer` is below MessageId::kWriters and belongs to no other living process of the host.
  MessageIdSource(const Clock& clock, unsigned writer, std::uint32_t random);

  MessageId next();

 private:
  const Clock& clock_;
  std::uint64_t writer_;
  std::uint64_t counter_;
  std::uint64_t random_;
};

}  // namespace postrider
