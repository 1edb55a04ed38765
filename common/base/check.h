// check.h - invariants that hold unless the program itself is wrong.
//
// POSTRIDER_CHECK is on in release builds: it says where and aborts. The spool is crash-safe and
// the parent starts a new worker, so stopping is always better than going on with a broken state.
#pragma once

namespace postrider {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace postrider

#define POSTRIDER_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::postrider::check_failed(#condition, __FILE__, __LINE__))
