#include "common/maildir/mailbox.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "common/maildir/known_sizes.h"
#include "common/maildir/mailbox_lock.h"
#include "common/maildir/mailbox_path.h"
#include "common/maildir/open_flags.h"

namespace postrider::maildir {

namespace {

// O_NONBLOCK: a named pipe that has taken a file's place keeps nobody waiting.

// Files that are synced one by one rather than all of the file system.
constexpr std::size_t kSyncedAlone = 16;

// How often a message is looked for that is renamed again and again.
constexpr int kLooks = 8;

// EAGAIN where the kernel would have to wait, ENOSYS before Linux 5.12: empty.
Fd open_cached(int directory, const std::string& path) noexcept {
  open_how how{};
  how.flags = kRead;
  how.resolve = RESOLVE_CACHED;
  return Fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

// A reader of the file, if it is what its name says: a name that says no size is any file's.
Result<MessageReader> reader_of(Fd file, std::string_view name,
                                std::optional<std::uint64_t> body_lines, Form form) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno(name, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || FileName::parse(name).size.value_or(size) != size)
    return fail(ErrorKind::temporary, fmt::format("{}: has not the size that S= says", name));
  return MessageReader(std::move(file), size, body_lines, form);
}

}  // namespace

Result<std::unique_ptr<Mailbox>> Mailbox::open(const std::string& mail_directory,
                                               const std::string& mailbox, WallTime now,
                                               const Remembrance& remembrance) {
  auto relative = mailbox_path(mailbox);
  if (!relative) return pass_on(std::move(relative.error()));
  const std::string path = fmt::format("{}/{}", mail_directory, *relative);
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return std::unique_ptr<Mailbox>(new Mailbox());
  if (!directory) return fail_errno(path, errno);
  auto opened = open(std::move(directory), now, remembrance);
  if (!opened) opened.error().text = fmt::format("{}/{}", path, opened.error().text);
  return opened;
}

Result<std::unique_ptr<Mailbox>> Mailbox::open(Fd directory, WallTime now,
                                               const Remembrance& remembrance) {
  auto lock = lock_mailbox(directory.get());
  if (!lock) return pass_on(std::move(lock.error()));
  if (!*lock) return std::unique_ptr<Mailbox>();
  std::unique_ptr<Mailbox> opened(new Mailbox());
  opened->directory_ = std::move(directory);
  opened->lock_ = std::move(*lock);
  opened->remembrance_ = remembrance;
  if (auto scanned = opened->scan_and_finish(now); !scanned)
    return pass_on(std::move(scanned.error()));
  return opened;
}

Result<void> Mailbox::scan_and_finish(WallTime now) {
  const int directory = directory_.get();
  auto journal = DeletionJournal::open(directory, remembrance_.boot);
  if (!journal) return pass_on(std::move(journal.error()));
  journal_.emplace(std::move(*journal));
  damaged_journal_ = journal_->damaged();
  if (journal_->unfinished())
    if (auto synced = journal_->sync(); !synced) return synced;
  const Looked looked = known_sizes(directory, remembrance_.boot);
  auto scanned = scan(directory, now, *journal_, looked,
                      remembrance_.trash ? Removal::to_trash : Removal::for_good);
  if (!scanned) return pass_on(std::move(scanned.error()));
  scan_ = std::move(*scanned);
  sync_finished();
  if (looked == Looked::never && scan_.skipped == 0) keep_known_sizes(directory, remembrance_.boot);
  if (scan_.finished.not_removed > 0) return {};
  journal_->note_removed();
  // Where it cannot be made shorter now, another session will.
  static_cast<void>(journal_->tidy(now, remembrance_.keep));
  return {};
}

// What is in the trash, but may be back after a power cut, is not done: another session looks
// again.
void Mailbox::sync_finished() {
  trash_ = std::move(scan_.trash);
  const auto synced = trash_ ? trash_->sync() : Result<void>();
  if (synced) return;
  Finished& finished = scan_.finished;
  finished.not_removed += std::exchange(finished.removed, 0);
  finished.fault = synced.error().text;
}

std::string Mailbox::path_of(std::size_t i) const {
  const std::string_view folder = name_of(listing().folder(i));
  const std::string_view name = listing().file_name(i);
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  return path.append(folder).append("/").append(name);
}

// The original takes no detour.
Form Mailbox::form_of(std::size_t i, Form wanted) const {
  return listing().differs(i, wanted) ? wanted : Form::original;
}

int Mailbox::look_around() {
  if (!whereabouts_) whereabouts_.emplace();
  const int error = whereabouts_->read(directory_.get());
  if (error != 0) whereabouts_.reset();
  return error;
}

Result<std::string> Mailbox::find_renamed(std::size_t i) {
  const std::string_view base = listing().base(i);
  std::string known = whereabouts_ ? whereabouts_->path_of(base) : std::string();
  if (!known.empty() &&
      ::faccessat(directory_.get(), known.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return known;
  if (!whereabouts_ || !known.empty()) {
    if (const int error = look_around(); error != 0) return fail_errno(path_of(i), error);
    known = whereabouts_->path_of(base);
  }
  if (known.empty()) return fail_errno(path_of(i), ENOENT);
  return known;
}

Result<MessageReader> Mailbox::read(std::size_t i, std::optional<std::uint64_t> body_lines,
                                    Form form) {
  std::string path = path_of(i);
  Fd file(::openat(directory_.get(), path.c_str(), kRead));
  if (!file && errno == ENOENT) {
    auto renamed = find_renamed(i);
    if (!renamed) return pass_on(std::move(renamed.error()));
    path = std::move(*renamed);
    file = Fd(::openat(directory_.get(), path.c_str(), kRead));
  }
  if (!file) return fail_errno(path, errno);
  return reader_of(std::move(file), std::string_view(path).substr(path.find('/') + 1), body_lines,
                   form_of(i, form));
}

std::optional<MessageReader> Mailbox::read_cached(std::size_t i,
                                                  std::optional<std::uint64_t> body_lines,
                                                  Form form) const {
  Fd file = open_cached(directory_.get(), path_of(i));
  if (!file) return std::nullopt;
  auto reader = reader_of(std::move(file), listing().file_name(i), body_lines, form_of(i, form));
  if (!reader) return std::nullopt;  // read() says why
  return std::move(*reader);
}

Result<void> Mailbox::open_trash() {
  if (!remembrance_.trash || trash_) return {};
  auto trash = Trash::open(directory_.get());
  if (!trash) return pass_on(std::move(trash.error()));
  trash_.emplace(std::move(*trash));
  return {};
}

// A message that is in the journal is not delivered again, and so nobody but the trash has it. What
// is older was delivered long ago.
Result<void> Mailbox::sync_young(const std::vector<std::size_t>& messages, WallTime now) const {
  const auto since = std::chrono::floor<std::chrono::seconds>(now - remembrance_.keep);
  std::vector<std::size_t> young;
  for (const std::size_t i : messages)
    if (listing().seconds(i) >= since.time_since_epoch().count()) young.push_back(i);
  if (young.size() > kSyncedAlone) {
    if (::syncfs(directory_.get()) != 0) return fail_errno("Maildir", errno);
    return {};
  }
  for (const std::size_t i : young) {
    const Fd file(::openat(directory_.get(), path_of(i).c_str(), kRead));
    if (!file && errno == ENOENT) continue;  // another program renamed or removed it
    if (!file || ::fdatasync(file.get()) != 0) return fail_errno(path_of(i), errno);
  }
  return young.empty() ? Result<void>() : sync_folders(directory_.get(), std::array{"new", "cur"});
}

// A disk without room for the journal is no reason to keep what is to make room: then there is no
// promise, and a crash may leave some of them.
std::size_t Mailbox::remove(const std::vector<std::size_t>& messages, WallTime now) {
  if (messages.empty()) return 0;
  const auto all_left = [&](const Error& error) {
    removal_fault_ = error.text;
    return messages.size();
  };
  if (const auto opened = open_trash(); !opened) return all_left(opened.error());
  if (trash_)
    if (const auto synced = sync_young(messages, now); !synced) return all_left(synced.error());
  std::vector<std::string_view> bases;
  bases.reserve(messages.size());
  for (const std::size_t i : messages) bases.push_back(listing().base(i));
  const bool unfinished = journal_->unfinished();
  const auto promised = journal_->append(now, bases);
  if (!promised && !journal_->is_out_of_room()) return all_left(promised.error());
  std::size_t left = 0;
  for (const std::size_t i : messages) {
    const int error = remove_one(i, now);
    if (error != 0 && left++ == 0) removal_fault_ = fail_errno(path_of(i), error).value().text;
  }
  // Where names are not durable yet, the next run of the kernel finds them in the journal.
  const bool durable = !trash_ || trash_->sync();
  if (promised && durable && left == 0 && !unfinished) journal_->note_removed();
  return left;
}

int Mailbox::dispose_of(const std::string& path, WallTime now) {
  if (trash_) return trash_->take(directory_.get(), path, now);
  return ::unlinkat(directory_.get(), path.c_str(), 0) == 0 ? 0 : errno;
}

// The errno, or 0. What is not where it was listed, perhaps one of two files, may have been
// renamed.
int Mailbox::remove_one(std::size_t i, WallTime now) {
  std::vector<std::string> paths;
  for (const Listing::Twin& twin : listing().twins(i))
    paths.push_back(fmt::format("{}/{}", name_of(twin.folder), twin.file_name));
  paths.push_back(path_of(i));
  std::vector<std::string> removed;
  for (const std::string& path : paths) {
    const int error = dispose_of(path, now);
    if (error != 0 && error != ENOENT) return error;
    if (error == 0) removed.push_back(path);
  }
  return removed.size() == paths.size() ? 0 : remove_renamed(i, std::move(removed), now);
}

// Until nothing of the message is found but what is removed already.
int Mailbox::remove_renamed(std::size_t i, std::vector<std::string> removed, WallTime now) {
  if (!whereabouts_)
    if (const int error = look_around(); error != 0) return error;
  for (int looks = 0; looks < kLooks; ++looks) {
    bool all_there = true;
    for (std::string& path : whereabouts_->paths_of(listing().base(i))) {
      if (std::find(removed.begin(), removed.end(), path) != removed.end()) continue;
      const int error = dispose_of(path, now);
      if (error != 0 && error != ENOENT) return error;
      all_there = all_there && error == 0;
      if (error == 0) removed.push_back(std::move(path));
    }
    if (all_there) return 0;
    if (const int error = look_around(); error != 0) return error;
  }
  return EBUSY;
}

}  // namespace postrider::maildir
