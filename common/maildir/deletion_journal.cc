#include "common/maildir/deletion_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/maildir/file_name.h"
#include "common/maildir/trash.h"

namespace postrider::maildir {

namespace {

constexpr const char* kNewName = "postrider.deleted.new";
constexpr mode_t kMode = 0600;

tl::unexpected<Error> failed(int error) { return fail_errno(kJournalName, error); }

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(
      ErrorKind::corrupt,
      fmt::format("{}: {}; `postrider mailbox repair` puts it aside, and what it remembered "
                  "as deleted is not known then",
                  kJournalName, what));
}

// What no later attempt makes better.
tl::unexpected<Error> failed_to_read(int error) {
  if (error == EIO) return corrupt("the disk cannot read this journal of deletions");
  if (error == ELOOP || error == EISDIR) return corrupt("is no journal of deletions, and no file");
  return failed(error);
}

Fd open_file(int at, const std::string& path, int flags) {
  return Fd(::openat(at, path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kMode));
}

Result<std::string> read_all(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > DeletionJournal::kMaxSize)
    return corrupt("is no journal of deletions, as it is too large or no file");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed_to_read(errno);
    if (n == 0) text.resize(done);
    done += static_cast<std::size_t>(n);
  }
  return text;
}

// The errno, or 0.
int write_all_at(int fd, std::string_view bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return 0;
}

// The errno, or 0. From the Maildir up to the mail directory: a delivery may have made the mailbox
// just now, and not have synced it yet.
int sync_names(int maildir) {
  for (const char* path : {".", "..", "../..", "../../.."}) {
    const Fd directory(::openat(maildir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return errno;
  }
  return 0;
}

// The youngest batches, as far as they are remembered, with what deliverd may ask for.
std::string remembered(const Deletions& deletions, std::int64_t since) {
  std::vector<std::string> kept;
  std::size_t octets = 0;
  for (auto batch = deletions.batches.rbegin(); batch != deletions.batches.rend(); ++batch) {
    if (batch->seconds < since) continue;
    std::string lines;
    std::size_t count = 0;
    for (std::string_view rest = batch->lines; !rest.empty();) {
      const std::string_view line = take_line(rest);
      if (message_key(line) == line) continue;  // not of our making: nobody delivers it again
      lines.append(line).append("\n");
      ++count;
    }
    octets += lines.size();
    if (octets > DeletionJournal::kRemembered) break;
    if (count > 0) kept.push_back(compose_batch(batch->seconds, count, lines));
  }
  std::string all;
  for (auto batch = kept.rbegin(); batch != kept.rend(); ++batch) all += *batch;
  return all;
}

enum class Aside : std::uint8_t { link, rename };

// The errno, or 0.
int link_to(int maildir, const std::string& name) {
  return ::linkat(maildir, kJournalName, maildir, name.c_str(), 0) == 0 ? 0 : errno;
}

// The errno, or 0. What is in the journal's place may be a directory, which cannot be linked where
// there is no RENAME_NOREPLACE. Under the lock nobody else takes the name.
int rename_to(int maildir, const std::string& name) {
  struct stat status {};
  if (::fstatat(maildir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  if (errno != ENOENT) return errno;
  return ::renameat(maildir, kJournalName, maildir, name.c_str()) == 0 ? 0 : errno;
}

// Gives the journal the first name for damaged ones that is free, beside its own or in its place.
Result<void> keep_aside(int maildir, Aside how) {
  constexpr int kTries = 100;
  for (int i = 1; i <= kTries; ++i) {
    const std::string name =
        i == 1 ? kDamagedJournalName : fmt::format("{}.{}", kDamagedJournalName, i);
    const int error = how == Aside::link ? link_to(maildir, name) : rename_to(maildir, name);
    if (error == 0) return {};
    if (error != EEXIST) return failed(error);
  }
  return failed(EEXIST);
}

// Whether the batches hold any of these, and all batches without them.
std::pair<bool, std::string> without(const Deletions& deletions,
                                     const std::unordered_set<std::string_view>& keys) {
  std::string all;
  bool found = false;
  for (const DeletionBatch& batch : deletions.batches) {
    std::string lines;
    std::size_t count = 0;
    for (std::string_view rest = batch.lines; !rest.empty();) {
      const std::string_view line = take_line(rest);
      if (keys.count(message_key(line)) > 0) continue;
      lines.append(line).append("\n");
      ++count;
    }
    found = found || count < batch.count;
    if (count > 0) all += compose_batch(batch.seconds, count, lines);
  }
  return {found, std::move(all)};
}

std::size_t out_of_date(const Deletions& deletions, std::int64_t since) {
  std::size_t octets = 0;
  for (const DeletionBatch& batch : deletions.batches)
    if (batch.seconds < since) octets += batch.lines.size();
  return octets;
}

}  // namespace

Result<DeletionJournal> DeletionJournal::open(int maildir, std::string boot) {
  DeletionJournal journal(maildir, std::move(boot));
  journal.file_ = open_file(maildir, kJournalName, O_RDWR);
  if (!journal.file_ && errno == ENOENT) return journal;
  if (!journal.file_) return failed_to_read(errno);
  auto text = read_all(journal.file_.get());
  if (!text) return pass_on(std::move(text.error()));
  journal.text_ = std::make_unique<const std::string>(std::move(*text));
  const Deletions deletions = parse_deletions(*journal.text_, journal.boot_);
  journal.whole_ = deletions.whole;
  journal.damaged_ = deletions.damaged;
  journal.named_ = deletions.whole > 0;
  for (const DeletionBatch& batch : deletions.batches) {
    if (batch.removed) continue;
    journal.finished_ = false;
    for (std::string_view lines = batch.lines; !lines.empty();)
      journal.to_be_removed_.push_back({message_key(take_line(lines)), batch.seconds});
  }
  std::sort(journal.to_be_removed_.begin(), journal.to_be_removed_.end());
  return journal;
}

std::optional<std::int64_t> DeletionJournal::promised_at(std::string_view base) const {
  if (to_be_removed_.empty()) return std::nullopt;
  const std::string entry = entry_of(base);
  const std::string_view key = message_key(entry);
  const auto after =
      std::upper_bound(to_be_removed_.begin(), to_be_removed_.end(), key,
                       [](std::string_view a, const Promise& b) { return a < b.key; });
  if (after == to_be_removed_.begin() || std::prev(after)->key != key) return std::nullopt;
  return std::prev(after)->seconds;
}

Result<void> DeletionJournal::sync() {
  if (::fdatasync(file_.get()) != 0) return failed(errno);
  if (const int error = sync_names(maildir_); error != 0) return failed(error);
  return {};
}

Result<void> DeletionJournal::append(WallTime now, const std::vector<std::string_view>& bases) {
  std::string lines;
  for (const std::string_view base : bases) lines.append(entry_of(base)).append("\n");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::string batch = compose_batch(seconds, bases.size(), lines);
  if (batch.size() > kMaxSize - whole_) return failed_to_append(EFBIG);
  if (!file_) file_ = open_file(maildir_, kJournalName, O_RDWR | O_CREAT);
  if (!file_) return failed_to_append(errno);
  int error = write(batch);
  if (error == 0 && ::fdatasync(file_.get()) != 0) error = errno;
  if (error == 0 && !named_) error = sync_names(maildir_);
  if (error != 0) {
    // What was not promised is not to be found whole by the next session. Where that fails too, the
    // session's deletions are carried out though it was told that they were not.
    if (::ftruncate(file_.get(), static_cast<off_t>(whole_)) != 0) return failed(errno);
    return failed_to_append(error);
  }
  named_ = true;
  finished_ = false;
  whole_ += batch.size();
  return {};
}

Result<void> DeletionJournal::failed_to_append(int error) {
  out_of_room_ = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return failed(error);
}

// The errno, or 0. What follows on what is whole was never promised.
int DeletionJournal::write(std::string_view bytes) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return errno;
  const auto end = static_cast<off_t>(whole_);
  if (status.st_size != end && ::ftruncate(file_.get(), end) != 0) return errno;
  return write_all_at(file_.get(), bytes, whole_);
}

// Without a sync, and without a word where it fails: the next session would only look once more.
void DeletionJournal::note_removed() {
  to_be_removed_ = {};
  text_.reset();
  if (finished_ || boot_.empty()) return;
  const std::string line = compose_removed(boot_);
  if (write(line) != 0) return;
  whole_ += line.size();
  finished_ = true;
}

Result<void> DeletionJournal::tidy(WallTime now, std::chrono::seconds keep) {
  if (whole_ < kTidyAt) return {};
  const auto text = read_all(file_.get());
  if (!text) return pass_on(text.error());
  const Deletions deletions = parse_deletions(*text, boot_);
  const auto since =
      std::chrono::floor<std::chrono::seconds>(now - keep).time_since_epoch().count();
  if (whole_ <= kRemembered && out_of_date(deletions, since) < whole_ / 2) return {};
  // What is forgotten is removed by nobody, where a power cut brings it back.
  if (auto synced = sync_folders(maildir_, std::array{"new", "cur"}); !synced) return synced;
  return replace_removed(remembered(deletions, since));
}

// Which of the batches are removed is not kept: whoever opens the mailbox looks for their files
// once more.
Result<void> DeletionJournal::mend() {
  const auto text = read_all(file_.get());
  if (!text) return pass_on(text.error());
  if (auto kept = keep_aside(maildir_, Aside::link); !kept) return kept;
  damaged_ = 0;
  return replace(without(parse_deletions(*text, boot_), {}).second);
}

Result<void> DeletionJournal::put_aside(int maildir) {
  if (auto kept = keep_aside(maildir, Aside::rename); !kept) return kept;
  return ::fsync(maildir) == 0 ? Result<void>() : failed(errno);
}

Result<void> DeletionJournal::forget(const std::vector<std::string_view>& bases) {
  if (!file_) return {};
  const auto text = read_all(file_.get());
  if (!text) return pass_on(text.error());
  std::vector<std::string> entries;
  entries.reserve(bases.size());
  for (const std::string_view base : bases) entries.push_back(entry_of(base));
  std::unordered_set<std::string_view> keys;
  for (const std::string& entry : entries) keys.insert(message_key(entry));
  const auto [found, kept] = without(parse_deletions(*text, boot_), keys);
  return found ? replace_removed(kept) : Result<void>();
}

Result<void> DeletionJournal::replace(std::string_view text) {
  Fd file = open_file(maildir_, kNewName, O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return failed(errno);
  if (const int error = write_all_at(file.get(), text, 0); error != 0) return failed(error);
  if (::fdatasync(file.get()) != 0 || ::renameat(maildir_, kNewName, maildir_, kJournalName) != 0)
    return failed(errno);
  file_ = std::move(file);
  whole_ = text.size();
  finished_ = text.empty();
  named_ = ::fsync(maildir_) == 0;
  if (!named_) return failed(errno);
  return {};
}

// "removed" follows once the name is durable: whoever does not find it syncs the name first.
Result<void> DeletionJournal::replace_removed(std::string_view text) {
  auto replaced = replace(text);
  if (replaced) note_removed();
  return replaced;
}

Result<bool> was_deleted(int mail_directory, const std::string& mailbox_path,
                         std::string_view base) {
  const Fd file =
      open_file(mail_directory, fmt::format("{}/{}", mailbox_path, kJournalName), O_RDONLY);
  if (!file && errno == ENOENT) return false;
  if (!file) return failed(errno);
  const auto text = read_all(file.get());
  if (!text) return pass_on(text.error());
  return holds(parse_deletions(*text, {}), base);
}

}  // namespace postrider::maildir
