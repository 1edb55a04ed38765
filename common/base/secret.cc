#include "common/base/secret.h"

#include <cstring>

namespace postrider {

void Secret::wipe() noexcept {
  if (!value_.empty()) ::explicit_bzero(value_.data(), value_.size());
  value_.clear();
}

}  // namespace postrider
