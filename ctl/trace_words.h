// trace_words.h - what an event of the trace means, in words. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/trace/line.h"

namespace postrider::ctl {

// One line; not printable() yet. An event that there are no words for is shown with its values.
std::string words_for(const trace::Event& event);

// What was said to a server, from an event's value "dialogue" (smtp::Dialogue::text()).
struct DialogueLine {
  std::int64_t ms = 0;  // since the beginning
  std::string who;      // "client", "server"; "event": what else happened
  std::string text;
};
std::vector<DialogueLine> dialogue_of(std::string_view text);

}  // namespace postrider::ctl
