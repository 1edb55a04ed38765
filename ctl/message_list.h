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
  // So many messages of a reason are shown to people.
  static constexpr std::size_t kShown = 1000;

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

  void show_groups() const;

  const bool json_;
  const WallTime now_;
  std::uint64_t count_ = 0;
  std::map<std::string, Group> groups_;  // by reason
};

}  // namespace postrider::ctl
