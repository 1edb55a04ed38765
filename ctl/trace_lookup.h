// trace_lookup.h - what is known of whatever somebody types: a message's id, its Message-ID, or an
// address of its envelope. Blocks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/trace/search.h"
#include "ctl/trace_view.h"

namespace postrider::ctl {

struct TraceQuery {
  std::string what;
  WallTime
      since;  // of those that are found by an address or a Message-ID: that began then or later
  std::size_t most = 100'000;  // of those that are looked at, the youngest
  bool as_list = false;        // also where one alone is found
};

// Either of them; nothing is known where both are empty.
struct TraceFindings {
  std::optional<trace::Life> life;      // of the one message, or the one session, that it is
  std::vector<trace::Loss> losses;      // in its time
  std::vector<TracedMessage> messages;  // several, youngest first
  bool cut_off = false;                 // there are more of these
  bool empty() const noexcept { return !life && messages.empty(); }
};

Result<TraceFindings> look_up_trace(const std::string& data_directory, const TraceQuery& query);

}  // namespace postrider::ctl
