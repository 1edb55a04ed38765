// explanation.h - what a cause means to the person who sent the message: plain words.
#pragma once

#include <string_view>

#include "common/message/cause.h"

namespace postrider::message {

struct Explanation {
  std::string_view why;     // whole sentences, as is `advice`
  std::string_view advice;  // what the sender can do once nothing is tried any more
  bool theirs = true;       // the recipient's site can help; else the postmaster of this server
};

const Explanation& explanation_of(Cause cause) noexcept;

}  // namespace postrider::message
