// call.h - what a destination wants back from behind it.
#pragma once

#include <cstddef>
#include <string>

namespace postrider::queued {

struct Call {
  std::string destination;
  std::size_t count = 0;  // of messages, at most
};

}  // namespace postrider::queued
