// reception.h - how a destination received a job, whatever became of its recipients. Pure.
#pragma once

#include <cstdint>

#include "common/ipc/messages.pb.h"

namespace postrider::queued {

enum class Reception : std::uint8_t {
  unknown,      // nothing was heard of it
  served,       // it answered, be it with a refusal
  pushed_back,  // it asked for less: 421, 4.7.x, words of rates and lists; or it hung up
  unreachable,  // none of its hosts gave a session
};

Reception reception_of(const ipc::JobResult& result);

}  // namespace postrider::queued
