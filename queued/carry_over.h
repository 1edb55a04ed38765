// carry_over.h - what can be read of a damaged queue.db, carried over into a new one.
//
// The damaged file is read and never written. Of a message everything is carried over or nothing:
// one whose row is damaged, or the row of a recipient, is passed by.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace postrider::queued {

// Makes the database `to`, where there is no file, of what can be read of the database `from` and
// its log, and gives the number of messages. `to` is not synced, and worth nothing after an Error:
// invalid: `from` is of a newer release; another: what failed was not the content of `from`, so
// that a later try may read more. Memory stays flat.
Result<std::uint64_t> carry_over(const std::string& from, const std::string& to);

}  // namespace postrider::queued
