#include "common/base/random.h"

#include <sys/random.h>

#include "common/base/check.h"

namespace postrider {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  POSTRIDER_CHECK(::getrandom(&value, sizeof value, 0) == ssize_t{sizeof value});
  return value;
}

}  // namespace postrider
