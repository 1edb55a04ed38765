#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace postrider {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "event=check_failed condition=\"%s\" at=%s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace postrider
