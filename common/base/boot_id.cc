#include "common/base/boot_id.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/fd.h"

namespace postrider {

std::string boot_id() {
  const Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::string id(64, '\0');
  const ssize_t n = file ? ::read(file.get(), id.data(), id.size()) : 0;
  id.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return std::string(trim(id));
}

}  // namespace postrider
