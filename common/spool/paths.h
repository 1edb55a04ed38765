// paths.h - the names of the spool's files. See STATES.md for what each means.
#pragma once

#include <string>
#include <string_view>

#include "common/base/message_id.h"

namespace postrider::spool {

struct Paths {
  std::string root;

  std::string incoming() const { return root + "/incoming"; }
  std::string large() const { return root + "/incoming/large"; }
  std::string deferred() const { return root + "/deferred"; }
  std::string quarantine() const { return root + "/quarantine"; }
  // Held by the queued that works on this spool.
  std::string queued_lock() const { return root + "/queued.lock"; }
  std::string queue_db() const { return root + "/queue.db"; }

  // A queue.db that is to take the place of a damaged one: while it is made, and when it is whole.
  std::string queue_db_new() const { return root + "/queue.db.new"; }
  std::string queue_db_whole() const { return root + "/queue.db.whole"; }
  // Says that queue.db was found damaged in use, and is to be set aside by the next start.
  std::string queue_db_damaged() const { return root + "/queue.db.damaged"; }

  std::string segment(std::string_view name) const { return incoming() + '/' + std::string(name); }
  std::string done(std::string_view segment_name) const { return segment(segment_name) + ".done"; }
  std::string large(const MessageId& id) const { return large() + '/' + id.str(); }
  // 1,024 folders, by the two characters that hold the low bits of the id's counter: neighbours in
  // time are spread evenly.
  std::string deferred_folder(const MessageId& id) const {
    return deferred() + '/' + id.str().substr(14, 2);
  }
  std::string deferred(const MessageId& id) const { return deferred_folder(id) + '/' + id.str(); }
};

inline constexpr std::string_view kSegmentSuffix = ".seg";
// A segment that is being made: without its lock or its header yet, so nobody looks at it.
inline constexpr std::string_view kUnfinishedSuffix = ".new";
inline constexpr std::string_view kDoneSuffix = ".done";

}  // namespace postrider::spool
