// full_marks.h - which mailboxes were found full lately: told by deliverd, read by smtpd, which may
// not look into mailboxes.
//
// A mark is an empty file <run>/full/<mailbox>; its time is when the mailbox was found full.
// deliverd sets it when a message has no room and clears it when one had; pop3d clears it when it
// has removed mail. Whoever else removes mail tells nobody, so a mark is believed for kLifetime
// alone: the next message is then tried, and sets it anew. A mark that cannot be set or read is
// none: the message is accepted and waits in the queue.
#pragma once

#include <chrono>
#include <string>

#include "common/base/clock.h"

namespace postrider::quota {

class FullMarks {
 public:
  static constexpr std::chrono::minutes kLifetime{5};

  explicit FullMarks(const std::string& run_directory) : directory_(run_directory + "/full") {}

  // `mailbox` is user@domain as the directory knows it. From any thread; one system call or two.
  void set(const std::string& mailbox, WallTime now) const;
  void clear(const std::string& mailbox) const;
  bool is_set(const std::string& mailbox, WallTime now) const;

 private:
  // Empty for a name that could mean another place.
  std::string path_of(const std::string& mailbox) const;

  const std::string directory_;
};

}  // namespace postrider::quota
