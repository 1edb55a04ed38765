// reason_words.h - what is the same in the replies that servers give to many messages. Pure.
#pragma once

#include <string>
#include <string_view>

namespace postrider::queued {

// `reply` with # in the place of what names one message or one moment: numbers of four digits or
// more, and words of eight characters or more that mix letters with digits. Reply codes, status
// codes, host names and sizes of a few digits stay.
std::string reason_words(std::string_view reply);

}  // namespace postrider::queued
