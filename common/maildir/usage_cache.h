// usage_cache.h - how full the mailboxes are that are delivered to, without reading them each time.
//
// What was read is kept with the times at which new/ and cur/ were last changed, and believed while
// these are the same; a delivery of this process is added to it. For one process that delivers
// alone: the times are told in ticks (of some milliseconds), and what another program adds within a
// tick of ours does not show in them. It counts when the mailbox is read anew, kBelieved later at
// the latest. Nobody is to be refused for what was kept: read() first.
//
// From any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/maildir/usage.h"

namespace postrider::maildir {

class UsageCache {
 public:
  static constexpr std::chrono::minutes kBelieved{10};
  // Beyond, all are forgotten.
  static constexpr std::size_t kMailboxes = 4096;

  // `mail_directory` is a descriptor of paths.mail; both outlive the cache.
  UsageCache(int mail_directory, const Clock& clock)
      : mail_directory_(mail_directory), clock_(clock) {}

  // When a mailbox was last changed, in nanoseconds.
  struct Times {
    std::int64_t in_new = 0;
    std::int64_t in_cur = 0;
    bool operator==(const Times&) const = default;
  };
  // None: it is not there.
  std::optional<Times> times_of(const std::string& mailbox_path) const;

  // The octets of the mailbox, as far as they are known without reading it.
  std::optional<std::uint64_t> kept(const std::string& mailbox_path);
  // usage(), kept from now on. Blocks.
  Result<Usage> read(const std::string& mailbox_path, std::string_view base);
  // Of a delivery of ours; `before` are the times just before its file got its name.
  void add(const std::string& mailbox_path, const std::optional<Times>& before,
           std::uint64_t octets);

 private:
  struct Mailbox {
    Times times;
    std::uint64_t octets = 0;
    WallTime read;
  };

  const int mail_directory_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Mailbox> mailboxes_;
};

}  // namespace postrider::maildir
