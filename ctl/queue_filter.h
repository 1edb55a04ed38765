// queue_filter.h - the options by which the commands of the queue choose messages.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

class Command;

struct FilterOptions {
  std::vector<std::string> ids;
  bool all = false;
  std::string domain, sender, recipient, state, reason, host;
  std::chrono::milliseconds older_than{0};

  // Nothing was chosen.
  bool is_empty() const;
  ipc::Filter filter(WallTime now) const;
};

// The options that a list has as well; and those that a verb has beside them.
void add_filter_options(Command command, FilterOptions& options);
void add_choice_options(Command command, FilterOptions& options);

}  // namespace postrider::ctl
