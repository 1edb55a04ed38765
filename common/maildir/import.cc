#include "common/maildir/import.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/base/write_all.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/deletions.h"
#include "common/maildir/measure.h"
#include "common/maildir/open_flags.h"
#include "common/maildir/rename_new.h"

namespace postrider::maildir {

namespace {

struct Folders {
  Folder folder;
  const char* name;
};
constexpr std::array<Folders, 2> kFolders{{{Folder::in_new, "new"}, {Folder::in_cur, "cur"}}};

// The names in a folder, hidden ones left out. One that is missing is empty.
Result<std::vector<std::string>> names_in(int maildir, const char* folder) {
  std::vector<std::string> names;
  Fd fd(::openat(maildir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return names;
  const Handle<DIR, &::closedir> directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!directory) return fail_errno(folder, errno);
  static_cast<void>(fd.release());  // belongs to `directory` now
  for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0)
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  if (errno != 0) return fail_errno(folder, errno);
  std::sort(names.begin(), names.end());
  return names;
}

std::string key_of(const FileName& name) { return std::string(message_key(name.base)); }

// Hands all octets of a file to `take`, which returns an errno or 0. The same, or that of reading.
template <typename Take>
int read_all(int fd, Take take) {
  std::string chunk(kChunk, '\0');
  while (true) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return 0;
    if (const int error = take(std::string_view(chunk.data(), static_cast<std::size_t>(n))))
      return error;
  }
}

// As a file in `source` is called here: with its sizes, and the id unless that is empty.
std::string name_here(std::string_view name, const Sizes& sizes, const std::string& id) {
  const FileName parsed = FileName::parse(name);
  std::string stem = with_sizes(parsed, sizes);
  if (!id.empty()) stem = with_unique_id(FileName::parse(stem), id);
  return fmt::format("{}{}", stem, parsed.flags);
}

}  // namespace

Import::~Import() { remove_written(); }

Result<Import> Import::begin(const HeldMailbox& to) {
  Import import(to);
  if (auto read = import.read_mailbox(); !read) return pass_on(std::move(read.error()));
  if (auto read = import.read_deleted(); !read) return pass_on(std::move(read.error()));
  return import;
}

void Import::note_here(std::string_view path, const FileName& name) {
  std::string key = key_of(name);
  owner_.try_emplace(unique_id(name), key);
  here_.insert_or_assign(std::move(key), std::string(path));
}

// A torn file is as good as none: what is imported replaces it.
Result<void> Import::read_mailbox() {
  for (const auto& [folder, folder_name] : kFolders) {
    const auto names = names_in(to_.directory.get(), folder_name);
    if (!names) return fail(names.error().kind, fmt::format("{}/{}", to_.path, names.error().text));
    for (const std::string& name : *names) {
      const FileName parsed = FileName::parse(name);
      const std::string path = fmt::format("{}/{}", folder_name, name);
      struct stat status {};
      const HeldMailbox::Place place = to_.at(path);
      if (::fstatat(place.folder, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const auto size = static_cast<std::uint64_t>(status.st_size);
      if (S_ISREG(status.st_mode) && parsed.size.value_or(size) == size) note_here(path, parsed);
    }
  }
  return {};
}

Result<void> Import::read_deleted() {
  const Fd file(::openat(to_.directory.get(), kJournalName, kRead));
  if (!file && errno == ENOENT) return {};
  const std::string path = fmt::format("{}/{}", to_.path, kJournalName);
  if (!file) return fail_errno(path, errno);
  std::string text;
  const int error = read_all(file.get(), [&](std::string_view octets) {
    text += octets;
    return text.size() > DeletionJournal::kMaxSize ? EFBIG : 0;
  });
  if (error != 0) return fail_errno(path, error);
  for (const DeletionBatch& batch : parse_deletions(text, {}).batches)
    for (std::string_view lines = batch.lines; !lines.empty();)
      deleted_.emplace(message_key(take_line(lines)));
  return {};
}

Result<void> Import::take_maildir(int maildir, const ForeignList* list) {
  for (const auto& [folder, folder_name] : kFolders) {
    const auto names = names_in(maildir, folder_name);
    if (!names) return pass_on(names.error());
    const Fd directory(::openat(maildir, folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const std::string& name : *names)
      if (auto taken = take_file({directory.get(), folder, list}, name); !taken) return taken;
  }
  return {};
}

Result<void> Import::take_file(const Source& source, const std::string& name) {
  const FileName parsed = FileName::parse(name);
  struct stat status {};
  if (::fstatat(source.directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISREG(status.st_mode)) {
    tell(fmt::format("{}: is not a file, and was left out", name));
    return {};
  }
  if (parsed.size && *parsed.size != static_cast<std::uint64_t>(status.st_size)) {
    tell(
        fmt::format("{}: has not the size that S= says, as it is torn, or compressed or encrypted "
                    "by the other server; write it plain there, and import again",
                    name));
    return {};
  }
  std::string id = id_for(source, parsed);
  const std::string key = key_of(parsed);
  if (const auto here = here_.find(key); here != here_.end()) {
    rename_here(here->second, key, id);
    return {};
  }
  if (deleted_.count(std::string(message_key(entry_of(parsed.base)))) > 0) {
    ++report_.deleted;
    return {};
  }
  return place(source, name, id);
}

std::string Import::id_for(const Source& source, const FileName& name) {
  if (source.list == nullptr) return {};
  const auto found = source.list->ids.find(std::string(name.base));
  if (found == source.list->ids.end()) {
    ++report_.unlisted;
    return {};
  }
  const std::string& id = found->second;
  const std::string key = key_of(name);
  // What cannot be read back from the name cannot be told to a reader.
  if (unique_id(FileName::parse(with_unique_id(name, id))) != id) {
    tell(
        fmt::format("{}: the other server's unique-id '{}' is none that POP3 allows (1 to 70 "
                    "visible characters): it gets one of its own",
                    name.stem, id));
    return {};
  }
  if (const auto [owner, free] = owner_.try_emplace(id, key); !free && owner->second != key) {
    tell(
        fmt::format("{}: the other server's unique-id '{}' is that of another message: it gets "
                    "one of its own",
                    name.stem, id));
    return {};
  }
  return id;
}

void Import::rename_here(const std::string& path, const std::string& key, const std::string& id) {
  const std::size_t slash = path.find('/');
  const FileName parsed = FileName::parse(std::string_view(path).substr(slash + 1));
  if (id.empty() || unique_id(parsed) == id) {
    if (!id.empty()) ++report_.with_id;
    ++report_.already;
    return;
  }
  const std::string renamed =
      fmt::format("{}/{}{}", path.substr(0, slash), with_unique_id(parsed, id), parsed.flags);
  const auto old = to_.at(path);
  const auto now = to_.at(renamed);
  if (const int error = rename_new(old.folder, old.name, now.folder, now.name); error != 0)
    return tell(fmt::format("{}: cannot be given the unique-id '{}': {}", path, id,
                            fail_errno("renaming it", error).value().text));
  here_.insert_or_assign(key, renamed);
  ++report_.renamed;
  ++report_.with_id;
}

// Linked where that is the same as to copy it, and its size with CRLF need not be found out.
bool Import::link(const Source& source, const std::string& name, const std::string& path) const {
  struct stat status {};
  if (::fstatat(source.directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (status.st_uid != to_.owner || status.st_gid != to_.group ||
      (status.st_mode & 0777U) != to_.file_mode())
    return false;
  const auto [folder, new_name] = to_.at(path);
  return ::linkat(source.directory, name.c_str(), folder, new_name, 0) == 0;
}

Result<void> Import::place(const Source& source, const std::string& name, const std::string& id) {
  const FileName parsed = FileName::parse(name);
  if (parsed.size && parsed.wire_size) {
    const Fd file(::openat(source.directory, name.c_str(), kRead));
    const auto sizes = file ? measure(file.get()) : fail_errno(name, errno);
    if (sizes) {
      const std::string path =
          fmt::format("{}/{}", name_of(source.folder), name_here(name, *sizes, id));
      if (link(source, name, path)) {
        ++report_.imported;
        if (!id.empty()) ++report_.with_id;
        note_here(path, FileName::parse(std::string_view(path).substr(path.find('/') + 1)));
        return {};
      }
    }
  }
  return copy(source, name, id);
}

Result<Fd> Import::make_file() {
  constexpr int kNew = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  while (true) {
    std::string path = fmt::format("tmp/import.{}.{}", ::getpid(), counter_++);
    const auto [folder, name] = to_.at(path);
    Fd file(::openat(folder, name, kNew, 0600));
    if (!file && errno == EEXIST) continue;  // of one that was killed and had this pid
    if (!file) return fail_errno(fmt::format("{}/{}", to_.path, path), errno);
    written_.push_back({std::move(path), {}});
    return file;
  }
}

Result<void> Import::keep_file(const Fd& file, std::string path) {
  if (const int error = to_.adopt(file.get(), to_.file_mode()); error != 0)
    return fail_errno(fmt::format("{}/{}", to_.path, written_.back().tmp_path), error);
  note_here(path, FileName::parse(std::string_view(path).substr(path.find('/') + 1)));
  written_.back().path = std::move(path);
  ++report_.imported;
  return written_.size() < kBatch ? Result<void>() : rename_written();
}

Result<void> Import::copy(const Source& source, const std::string& name, const std::string& id) {
  const Fd from(::openat(source.directory, name.c_str(), kRead));
  struct stat status {};
  if (!from || ::fstat(from.get(), &status) != 0) {
    tell(fail_errno(name, errno).value().text);
    return {};
  }
  const auto to = make_file();
  if (!to) return pass_on(to.error());
  const int error =
      read_all(from.get(), [&](std::string_view octets) { return write_all(to->get(), octets); });
  if (error != 0)
    return fail_errno(fmt::format("{} as {}/{}", name, to_.path, written_.back().tmp_path), error);
  const auto sizes = measure(to->get());
  if (!sizes) return pass_on(sizes.error());
  if (!id.empty()) ++report_.with_id;
  written_.back().time = status.st_mtim;
  return keep_file(*to, fmt::format("{}/{}", name_of(source.folder), name_here(name, *sizes, id)));
}

// Their octets are durable before their names say that they are whole. A failure is told once: who
// asks the disk again would hear that all is well.
Result<void> Import::rename_written() {
  if (!written_.empty() && ::syncfs(to_.directory.get()) != 0) {
    const int error = errno;
    report_.imported -= static_cast<std::uint64_t>(std::count_if(
        written_.begin(), written_.end(), [](const Written& file) { return !file.path.empty(); }));
    remove_written();
    return fail_errno(to_.path, error);
  }
  while (!written_.empty()) {
    const Written file = std::move(written_.back());
    written_.pop_back();
    if (file.path.empty()) {  // its message was not read to its end
      remove(file);
    } else if (const int error = rename(file); error != 0) {
      --report_.imported;
      tell(fail_errno(fmt::format("{}/{}", to_.path, file.path), error).value().text);
      remove(file);
    }
  }
  return {};
}

// It gets its time last: in tmp/ an old file is taken for a leftover. The errno, or 0.
int Import::rename(const Written& file) const {
  const auto from = to_.at(file.tmp_path);
  const auto to = to_.at(file.path);
  if (::renameat(from.folder, from.name, to.folder, to.name) != 0) return errno;
  if (!file.time) return 0;
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, *file.time};
  static_cast<void>(::utimensat(to.folder, to.name, times, AT_SYMLINK_NOFOLLOW));
  return 0;
}

void Import::remove(const Written& file) const {
  const auto [folder, name] = to_.at(file.tmp_path);
  ::unlinkat(folder, name, 0);
}

void Import::remove_written() {
  for (const Written& file : written_) remove(file);
  written_.clear();
}

Result<ImportReport> Import::finish() {
  if (auto renamed = rename_written(); !renamed) return pass_on(std::move(renamed.error()));
  if (auto synced = sync_names(to_); !synced) return pass_on(std::move(synced.error()));
  return std::move(report_);
}

void Import::tell(std::string problem) {
  if (report_.problems++ < ImportReport::kTold) report_.told.push_back(std::move(problem));
}

}  // namespace postrider::maildir
