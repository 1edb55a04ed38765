// message_list.h - messages of the queue, shown one by one as they come.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// On standard output: lines for people, or one JSON document that is whole once it was ended.
class MessageList {
 public:
  explicit MessageList(bool json) : json_(json), now_(SystemClock().now()) {}

  void show(const ipc::AdminReply& reply);
  // `more`: further keys of the document.
  void end(const nlohmann::json& more);

  std::uint64_t shown() const noexcept { return shown_; }

 private:
  const bool json_;
  const WallTime now_;
  std::uint64_t shown_ = 0;
};

}  // namespace postrider::ctl
