#include "ctl/verify/content_check.h"

#include <xxhash.h>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::ctl {

namespace {

constexpr std::size_t kBlock = 256U << 10U;

}  // namespace

Result<void> check_content(spool::Disk& disk, const std::string& path, std::uint64_t length,
                           std::uint64_t checksum) {
  auto fd = disk.open(path, spool::Disk::Mode::read);
  if (!fd) return pass_on(std::move(fd.error()));
  const Handle<XXH3_state_t, &XXH3_freeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  static thread_local std::string block(kBlock, '\0');
  std::uint64_t done = 0;
  while (true) {
    const auto n = disk.read(fd->get(), done, block);
    if (!n) return pass_on(n.error());
    XXH3_64bits_update(state.get(), block.data(), *n);
    done += *n;
    if (*n < block.size()) break;
  }
  if (done != length)
    return fail(ErrorKind::corrupt,
                fmt::format("it has {} octets and should have {}", done, length));
  if (XXH3_64bits_digest(state.get()) != checksum)
    return fail(ErrorKind::corrupt, "the content does not match its checksum");
  return {};
}

}  // namespace postrider::ctl
