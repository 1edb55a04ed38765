// full_marks.h - for those who remove mail: what is known of how full a mailbox is holds no longer.
//
// pop3d and the command say so to Rooms, whose file smtpd or deliverd has made; where there is none
// yet, nothing is known that could be wrong. deliverd counts the mailbox anew.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "common/quota/rooms.h"

namespace postrider::quota {

class FullMarks {
 public:
  explicit FullMarks(const std::string& run_directory);

  // Mail was removed from the mailbox, user@domain as the directory knows it. From any thread.
  void clear(const std::string& mailbox) const;

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  mutable std::optional<Rooms> rooms_;  // once it was there
};

}  // namespace postrider::quota
