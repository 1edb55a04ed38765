#include "common/maildir/export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/write_all.h"
#include "common/maildir/mbox.h"
#include "common/maildir/open_flags.h"
#include "common/maildir/rename_new.h"

namespace postrider::maildir {

namespace {

void tell(ExportReport& report, std::string problem) {
  if (report.problems++ < ExportReport::kTold) report.told.push_back(std::move(problem));
}

// Octets read into `chunk`; 0 at the end, and -1 with errno.
ssize_t read_some(int fd, std::string& chunk) noexcept {
  while (true) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n >= 0 || errno != EINTR) return n;
  }
}

std::string path_of(const Listing& listing, std::size_t i) {
  return fmt::format("{}/{}", name_of(listing.folder(i)), listing.file_name(i));
}

// Empty where it cannot be opened: told.
Fd open_message(const HeldMailbox& from, const std::string& path, ExportReport& report) {
  const auto [folder, name] = from.at(path);
  Fd file(::openat(folder, name, kRead));
  if (!file) tell(report, fail_errno(path, errno).value().text);
  return file;
}

// The error is one of writing, which ends the whole.
Result<void> append_message(int message, const std::string& path, MboxWriter& writer, int to,
                            ExportReport& report) {
  std::string chunk(kChunk, '\0');
  std::string mbox;
  while (true) {
    const ssize_t n = read_some(message, chunk);
    // What is missing then is missing in the mbox too, where the next message can still begin.
    if (n < 0) tell(report, fail_errno(path, errno).value().text);
    if (n <= 0) break;
    mbox.clear();
    writer.append({chunk.data(), static_cast<std::size_t>(n)}, mbox);
    report.octets += static_cast<std::uint64_t>(n);
    if (const int error = write_all(to, mbox); error != 0) return fail_errno("mbox", error);
  }
  return {};
}

// ---- Maildir ----

struct Target {
  int at;  // the Maildir
  std::uint64_t counter = 0;
};

Result<void> sync(int at, const char* name) {
  const Fd folder(::openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail_errno(name, errno);
  return {};
}

bool is_there(int at, const std::string& path, int message) {
  struct stat ours {};
  struct stat theirs {};
  return ::fstatat(at, path.c_str(), &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(message, &ours) == 0 && S_ISREG(theirs.st_mode) && ours.st_size == theirs.st_size;
}

Result<void> copy_to(int message, const std::string& path, Target& to, ExportReport& report) {
  const std::string tmp_path = fmt::format("tmp/export.{}.{}", ::getpid(), to.counter++);
  const Fd file(::openat(to.at, tmp_path.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(tmp_path, errno);
  std::string chunk(kChunk, '\0');
  std::uint64_t octets = 0;
  int error = 0;
  ssize_t n = 0;
  while (error == 0 && (n = read_some(message, chunk)) > 0) {
    error = write_all(file.get(), {chunk.data(), static_cast<std::size_t>(n)});
    octets += static_cast<std::uint64_t>(n);
  }
  const int not_read = n < 0 ? errno : 0;
  struct stat status {};
  if (error == 0 && ::fstat(message, &status) == 0) {
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (::futimens(file.get(), times) != 0) error = errno;
  }
  if (error == 0 && not_read == 0 && ::fdatasync(file.get()) != 0) error = errno;
  if (error == 0 && not_read == 0) error = rename_new(to.at, tmp_path, to.at, path);
  if (error != 0 || not_read != 0) ::unlinkat(to.at, tmp_path.c_str(), 0);
  if (error != 0) return fail_errno(path, error);
  if (not_read != 0) {
    tell(report, fail_errno(path, not_read).value().text);
    return {};
  }
  ++report.exported;
  report.octets += octets;
  return {};
}

}  // namespace

Result<ExportReport> export_mbox(const HeldMailbox& from, const Listing& listing, int to) {
  ExportReport report;
  MboxWriter writer;
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const std::string path = path_of(listing, i);
    const Fd message = open_message(from, path, report);
    if (!message) continue;
    std::string mbox;
    writer.begin(listing.seconds(i), mbox);
    if (const int error = write_all(to, mbox); error != 0) return fail_errno("mbox", error);
    if (auto appended = append_message(message.get(), path, writer, to, report); !appended)
      return pass_on(std::move(appended.error()));
    mbox.clear();
    writer.finish(mbox);
    if (const int error = write_all(to, mbox); error != 0) return fail_errno("mbox", error);
    ++report.exported;
  }
  struct stat status {};
  if (::fstat(to, &status) == 0 && S_ISREG(status.st_mode) && ::fsync(to) != 0)
    return fail_errno("mbox", errno);
  return report;
}

Result<ExportReport> export_maildir(const HeldMailbox& from, const Listing& listing, int to) {
  for (const char* name : {"tmp", "new", "cur"})
    if (::mkdirat(to, name, 0700) != 0 && errno != EEXIST) return fail_errno(name, errno);
  ExportReport report;
  Target target{to};
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const std::string path = path_of(listing, i);
    const Fd message = open_message(from, path, report);
    if (!message) continue;
    if (is_there(to, path, message.get())) {
      ++report.already;
    } else if (auto copied = copy_to(message.get(), path, target, report); !copied) {
      return pass_on(std::move(copied.error()));
    }
  }
  for (const char* name : {"new", "cur", ".", ".."})
    if (auto synced = sync(to, name); !synced) return pass_on(std::move(synced.error()));
  return report;
}

}  // namespace postrider::maildir
