// message_list.h - messages of the queue, for people by the reason why they wait.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// On standard output: for people the reasons, most messages first, and below each its messages; or
// one JSON document that grows as messages come, a million of them too, and is whole once it was
// ended.
class MessageList {
 public:
  // What is shown to people: so many reasons, the rest together; messages of each; octets in all.
  static constexpr std::size_t kReasons = 100;
  static constexpr std::size_t kShown = 1000;
  static constexpr std::size_t kOctets = std::size_t{64} << 20U;

  explicit MessageList(bool json) : json_(json), now_(SystemClock().now()) {}

  void show(const ipc::AdminReply& reply);
  // `more`: further keys of the document.
  void end(const nlohmann::json& more);

  std::uint64_t count() const noexcept { return count_; }

 private:
  struct Group {
    std::uint64_t messages = 0;
    std::vector<std::string> shown;
  };

  void add(const ipc::QueuedMessage& message);
  void show_groups() const;

  const bool json_;
  const WallTime now_;
  std::uint64_t count_ = 0;
  std::map<std::string, Group> groups_;  // by reason
  std::size_t octets_ = 0;               // of what they show
};

}  // namespace postrider::ctl
