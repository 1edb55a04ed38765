#include "common/maildir/measure.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "common/maildir/line_ends.h"
#include "common/maildir/open_flags.h"
#include "common/message/downgrader.h"
#include "common/smtp/international_domain.h"

namespace postrider::maildir {

Result<Sizes> measure(int fd) {
  std::string chunk(kChunk, '\0');
  std::string downgraded;
  message::Downgrader downgrader(smtp::to_a_labels);
  Sizes sizes;
  WireSize wire;
  WireSize downgraded_wire;
  while (true) {
    const ssize_t n = ::pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(sizes.file));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("message", errno);
    if (n == 0) break;
    const std::string_view text(chunk.data(), static_cast<std::size_t>(n));
    sizes.file += text.size();
    wire.append(text);
    downgraded.clear();
    downgrader.append(text, downgraded);
    downgraded_wire.append(downgraded);
  }
  downgraded.clear();
  downgrader.finish(downgraded);
  downgraded_wire.append(downgraded);
  sizes.wire = wire.octets();
  if (downgrader.changed()) sizes.downgraded = downgraded_wire.octets();
  return sizes;
}

}  // namespace postrider::maildir
