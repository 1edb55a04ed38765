// change.h - what the queue has the old generation keep of a message. Values: they go to the
// store's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "queued/message.h"

namespace postrider::queued {

// `next_attempt` empty: held, until an operator releases it.
struct Schedule {
  std::optional<WallTime> next_attempt;
  WallTime expires;
  std::optional<WallTime> deleted;  // by an operator: what the others say is for when he undoes it
  std::string hold_reason;
  std::string behind;  // the destination that may call for it before its time; empty: none
};

// A message of the young generation becomes one of the old.
struct Promote {
  MessageData data;
  Schedule schedule;
  SourcePtr source;  // where the content is now
  std::uint64_t offset = 0;
  bool large = false;  // it is Paths::large(id), which becomes the deferred file
};
// An attempt ended and did not finish it.
struct Reschedule {
  MessageData data;
  Schedule schedule;
};
// A recipient was delivered while others are still under way.
struct MarkDelivered {
  MessageId id;
  std::string address;
};
// All recipients have met their fate. The row goes first, then the file.
struct Remove {
  MessageId id;
};
using Change = std::variant<Promote, Reschedule, MarkDelivered, Remove>;

}  // namespace postrider::queued
