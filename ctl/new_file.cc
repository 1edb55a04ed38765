#include "ctl/new_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/write_all.h"

namespace postrider::ctl {

namespace {

std::optional<gid_t> gid_of(const std::string& group) {
  std::array<char, 16384> buffer;
  struct group entry {};
  struct group* found = nullptr;
  if (group.empty() ||
      ::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr)
    return std::nullopt;
  return entry.gr_gid;
}

Result<void> give_open(const Fd& fd, const std::string& path, mode_t mode,
                       const std::string& group) {
  const auto gid = gid_of(group);
  if (gid && ::fchown(fd.get(), static_cast<uid_t>(-1), *gid) != 0) return fail_errno(path, errno);
  if (::fchmod(fd.get(), mode) != 0) return fail_errno(path, errno);
  return {};
}

// A name that is gone with this, as what it has may be secret.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { ::unlink(path_.c_str()); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { ::unlink(path_.c_str()); }

  // Whole, durable, and with its rights.
  Result<void> write(std::string_view content, mode_t mode, const std::string& group) const {
    const Fd fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return fail_errno(path_, errno);
    if (auto given = give_open(fd, path_, mode, group); !given) return given;
    if (const int error = write_all(fd.get(), content); error != 0) return fail_errno(path_, error);
    if (::fsync(fd.get()) != 0) return fail_errno(path_, errno);
    return {};
  }

  // Unlike rename() it takes no other's place.
  Result<void> publish(const std::string& path) const {
    if (::link(path_.c_str(), path.c_str()) != 0) return fail_errno(path, errno);
    return {};
  }

 private:
  std::string path_;
};

}  // namespace

bool has_group(const std::string& group) { return gid_of(group).has_value(); }

Result<void> write_new_file(const std::string& path, std::string_view content, mode_t mode,
                            const std::string& group) {
  {
    const Draft draft(path + ".new");
    if (auto written = draft.write(content, mode, group); !written) return written;
    if (auto published = draft.publish(path); !published) return published;
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!names || ::fsync(names.get()) != 0) return fail_errno(folder, errno);
  return {};
}

Result<void> give(const std::string& path, mode_t mode, const std::string& group) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail_errno(path, errno);
  return give_open(fd, path, mode, group);
}

}  // namespace postrider::ctl
