#include "ctl/backup/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/base/write_all.h"
#include "ctl/backup/interruption.h"

namespace postrider::ctl::backup {

namespace {

constexpr std::size_t kBlock = 256U << 10U;

// `to` is asked for each block, and gives the errno or 0.
template <typename To>
Result<Octets> pass_through(NamedFd from, std::uint64_t most, To to) {
  const Handle<XXH3_state_t, &XXH3_freeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  static thread_local std::string block(kBlock, '\0');
  Octets octets;
  while (octets.size < most) {
    if (auto none = Interruption::none(); !none) return pass_on(std::move(none.error()));
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), most - octets.size));
    const ssize_t n = ::pread(from.fd, block.data(), wanted, static_cast<off_t>(octets.size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(from.name, errno);
    if (n == 0) break;
    const std::string_view read(block.data(), static_cast<std::size_t>(n));
    XXH3_64bits_update(state.get(), read.data(), read.size());
    if (auto written = to(read); !written) return pass_on(std::move(written.error()));
    octets.size += read.size();
  }
  octets.checksum = XXH3_64bits_digest(state.get());
  return octets;
}

}  // namespace

Result<Octets> copy_octets(NamedFd from, NamedFd to, std::uint64_t most) {
  return pass_through(from, most, [&](std::string_view read) -> Result<void> {
    if (const int error = write_all(to.fd, read); error != 0) return fail_errno(to.name, error);
    return {};
  });
}

Result<Octets> sum_octets(NamedFd from) {
  return pass_through(from, kAll, [](std::string_view) -> Result<void> { return {}; });
}

Result<Octets> sum_octets(const std::string& path) {
  const auto fd = open_to_read(path);
  if (!fd) return pass_on(fd.error());
  return sum_octets(NamedFd{fd->get(), path});
}

Result<Fd> open_to_read(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  // Others own most of the folders that are read.
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, fmt::format("{}: is no regular file: move it aside", path));
  return fd;
}

Result<Fd> make_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(path, errno);
  return fd;
}

Result<Fd> make_file_in(int folder, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  Fd fd(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(path, errno);
  return fd;
}

Result<std::string> read_small(const std::string& path, std::size_t most) {
  const auto fd = open_to_read(path);
  if (!fd) return pass_on(fd.error());
  std::string text;
  const auto read = pass_through({fd->get(), path}, std::uint64_t{most} + 1,
                                 [&](std::string_view part) -> Result<void> {
                                   text += part;
                                   return {};
                                 });
  if (!read) return pass_on(read.error());
  if (text.size() > most)
    return fail(ErrorKind::invalid, fmt::format("{}: has more than {} octets", path, most));
  return text;
}

bool is_there(const std::string& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace postrider::ctl::backup
