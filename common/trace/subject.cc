#include "common/trace/subject.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/ascii.h"
#include "common/base/message_id.h"

namespace postrider::trace {

namespace {

constexpr unsigned kHashBits = 16;
constexpr std::int64_t kHashMask = (1 << kHashBits) - 1;
// Of 48, so that the sign is never set: until the year 6429.
constexpr std::int64_t kTimeMask = (std::int64_t{1} << 47U) - 1;

std::int64_t milliseconds(WallTime time) noexcept {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return std::clamp<std::int64_t>(ms, 0, kTimeMask);
}

}  // namespace

std::optional<Subject> subject_of(std::string_view id) noexcept {
  const auto parsed = MessageId::parse(id);
  if (!parsed) return std::nullopt;
  const auto hash = static_cast<std::int64_t>(XXH3_64bits(id.data(), id.size())) & kHashMask;
  return first_subject(parsed->time()) | hash;
}

Subject first_subject(WallTime time) noexcept { return milliseconds(time) << kHashBits; }

WallTime time_of(Subject subject) noexcept {
  return WallTime(std::chrono::milliseconds(subject >> kHashBits));
}

Hour hour_of(Subject subject) noexcept {
  return std::chrono::floor<std::chrono::hours>(time_of(subject).time_since_epoch()).count();
}

std::string plain_name(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>')
    text = text.substr(1, text.size() - 2);
  return to_lower(text);
}

std::int64_t name_key(std::string_view plain) noexcept {
  return static_cast<std::int64_t>(XXH3_64bits(plain.data(), plain.size()));
}

}  // namespace postrider::trace
