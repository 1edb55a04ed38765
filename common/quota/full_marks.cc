#include "common/quota/full_marks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "common/base/fd.h"

namespace postrider::quota {

std::string FullMarks::path_of(const std::string& mailbox) const {
  const bool safe = !mailbox.empty() && mailbox.front() != '.' &&
                    mailbox.find('/') == std::string::npos &&
                    mailbox.find('\0') == std::string::npos;
  return safe ? directory_ + '/' + mailbox : std::string();
}

void FullMarks::set(const std::string& mailbox, WallTime now) const {
  const std::string path = path_of(mailbox);
  if (path.empty()) return;
  ::mkdir(directory_.c_str(), 0755);
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  const timespec time{.tv_sec = seconds.count(), .tv_nsec = 0};
  const std::array<timespec, 2> times{time, time};
  ::futimens(fd.get(), times.data());
}

void FullMarks::clear(const std::string& mailbox) const {
  if (const std::string path = path_of(mailbox); !path.empty()) ::unlink(path.c_str());
}

bool FullMarks::is_set(const std::string& mailbox, WallTime now) const {
  const std::string path = path_of(mailbox);
  struct stat status {};
  if (path.empty() || ::lstat(path.c_str(), &status) != 0) return false;
  const WallTime since{std::chrono::seconds{status.st_mtim.tv_sec}};
  return since <= now && now - since < kLifetime;
}

}  // namespace postrider::quota
