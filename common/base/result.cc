#include "common/base/result.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace postrider {

tl::unexpected<Error> fail_errno(std::string_view what, int error) {
  return fail(error == ENOENT ? ErrorKind::not_found : ErrorKind::temporary,
              fmt::format("{}: {}", what, std::generic_category().message(error)));
}

}  // namespace postrider
