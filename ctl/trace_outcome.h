// trace_outcome.h - what became of a message, or why it waits, from the events of its life. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/trace/search.h"

namespace postrider::ctl {

// A recipient, as far as it is known.
struct TracedRecipient {
  std::string state = "waiting";  // delivered, bounced, expired, deleted, refused, deferred
  std::string status;             // what it was told last
  std::string reply;
  std::string remote;  // by whom; empty: by us
};

struct TraceOutcome {
  // delivered, bounced, expired, deleted: all of its recipients; ended: some in one way, some in
  // another; waiting: for its next attempt; held; active: nobody has told anything yet; refused,
  // abandoned: it was never ours; session: there was no message.
  std::string state = "session";
  std::string name;   // of the reason, where there is one: a word for programs
  std::string why;    // it, in plain words that many share
  std::string said;   // the words that were heard
  std::string until;  // when it is attempted again, where it waits
  std::string from;
  std::map<std::string, TracedRecipient> recipients;  // by address
  std::string size;
  WallTime began, last;
};

// Precondition: it has events.
TraceOutcome outcome_of(const trace::Life& life);

}  // namespace postrider::ctl
