// cause_words.h - what servers say, and what they mean by it: short phrases that many of them use.
//
// The first that is found decides: what is said of one thing in the words for another (a list of
// URLs, a full disk) stands before it. A phrase is lower case, its words parted by one space, any
// other character being one; a space at either end wants a whole word there.
#pragma once

#include <span>
#include <string_view>

#include "common/message/cause.h"

namespace postrider::message {

struct WordsCause {
  std::string_view phrase;
  Cause cause;
};

// They mean one thing, whatever the status.
std::span<const WordsCause> plain_words() noexcept;
// They are a hint, where the status says nothing of its own.
std::span<const WordsCause> vague_words() noexcept;

}  // namespace postrider::message
