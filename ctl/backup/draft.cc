#include "ctl/backup/draft.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "common/base/write_all.h"
#include "ctl/backup/interruption.h"

namespace postrider::ctl::backup {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPartial = ".partial";
// Without a slash at its end, so that the name beside it can be made of it.
std::string plain(const std::string& directory) {
  const fs::path path = fs::absolute(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).string();
}

Result<void> check_free(const std::string& directory) {
  struct stat status {};
  struct stat above {};
  if (::lstat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(directory, errno);
  }
  std::error_code error;
  if (!S_ISDIR(status.st_mode) || !fs::is_empty(directory, error) || error)
    return fail(ErrorKind::invalid,
                fmt::format("{} is there already: name a new folder for each backup, or remove "
                            "it; nothing was changed",
                            directory));
  const std::string parent = fs::path(directory).parent_path().string();
  if (::stat(parent.c_str(), &above) == 0 && above.st_dev != status.st_dev)
    return fail(ErrorKind::invalid,
                fmt::format("{0} is where a file system is mounted, and a backup becomes visible "
                            "by one rename: name a folder in it, as {0}/1",
                            directory));
  return {};
}

std::int64_t us_of(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

void Remarks::add(std::string remark) {
  ++count_;
  if (told_.size() < kTold) told_.push_back(std::move(remark));
}

void Remarks::add(const Remarks& others) {
  for (const std::string& remark : others.told_) add(remark);
  count_ += others.count_ - others.told_.size();
}

Draft::Draft(std::string directory, Progress& progress)
    : directory_(std::move(directory)), root_(directory_ + kPartial), progress_(progress) {}

Result<std::unique_ptr<Draft>> Draft::begin(const std::string& directory, Progress& progress) {
  std::unique_ptr<Draft> draft(new Draft(plain(directory), progress));
  if (auto free = check_free(draft->directory_); !free) return pass_on(std::move(free.error()));
  if (auto opened = draft->open(); !opened) return pass_on(std::move(opened.error()));
  return draft;
}

Draft::~Draft() {
  if (!ours_) return;
  std::error_code ignored;  // what is left is removed by the next backup
  fs::remove_all(root_, ignored);
}

Result<void> Draft::open() {
  const bool made = ::mkdir(root_.c_str(), 0700) == 0;
  if (!made && errno == ENOENT)
    return fail(ErrorKind::not_found,
                fmt::format("{}: there is no folder above it; make that first", directory_));
  if (!made && errno != EEXIST) return fail_errno(root_, errno);
  root_fd_ = Fd(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root_fd_) return fail_errno(root_, errno);
  struct stat status {};
  if (::fstat(root_fd_.get(), &status) != 0) return fail_errno(root_, errno);
  // Whoever else may write there could lead what is made elsewhere, and read it.
  if (status.st_uid != ::geteuid() || (status.st_mode & 077) != 0)
    return fail(ErrorKind::invalid,
                fmt::format("{} is in the way, and is not for you alone, as what a backup leaves: "
                            "move it aside",
                            root_));
  if (::flock(root_fd_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::temporary,
                fmt::format("{}: another backup is being written there", root_));
  if (auto taken = made ? Result<void>() : take_over_leftover(); !taken) return taken;
  ours_ = true;
  auto list = FileListWriter::create(at(kListName));
  if (!list) return pass_on(std::move(list.error()));
  list_.emplace(std::move(*list));
  return {};
}

// Only what looks like a backup is removed.
Result<void> Draft::take_over_leftover() {
  std::error_code error;
  if (!fs::is_empty(root_, error) && !fs::exists(at(kListName), error))
    return fail(ErrorKind::invalid,
                fmt::format("{} is in the way, and was left by no backup: move it aside", root_));
  for (const fs::directory_entry& entry : fs::directory_iterator(root_, error)) {
    if (entry.path().filename() == kListName) continue;  // last: it says what this is
    if (fs::remove_all(entry.path(), error); error) break;
  }
  if (!error) fs::remove(at(kListName), error);
  if (error) return fail_errno(root_, error.value());
  found_leftover_ = true;
  return {};
}

Result<void> Draft::make_folder(const std::string& path) {
  if (::mkdir(at(path).c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(at(path), errno);
  return {};
}

Result<void> Draft::add_folder(const std::string& path, const struct stat& status) {
  if (auto made = make_folder(path); !made) return made;
  return note_folder(path, status);
}

Result<void> Draft::note_folder(const std::string& path, const struct stat& status) {
  if (auto none = Interruption::none(); !none) return none;
  ++folders_;
  return list_->add({.kind = EntryKind::folder,
                     .path = path,
                     .mode = status.st_mode & kModeBits,
                     .owner = owners_.user(status.st_uid),
                     .group = owners_.group(status.st_gid),
                     .modified_us = us_of(status.st_mtim)});
}

Result<Octets> Draft::add_file(const std::string& path, NamedFd from) {
  struct stat status {};
  if (::fstat(from.fd, &status) != 0) return fail_errno(from.name, errno);
  const std::string name = at(path);
  const auto to = make_file(name);
  if (!to) return pass_on(to.error());
  auto octets = copy_octets(from, {to->get(), name});
  if (!octets) return octets;
  if (auto noted = note_file(path, *octets, status); !noted)
    return pass_on(std::move(noted.error()));
  return octets;
}

Result<void> Draft::note_file(const std::string& path, const Octets& octets,
                              const struct stat& status) {
  ++files_;
  octets_ += octets.size;
  progress_.add(octets.size);
  return list_->add({.kind = EntryKind::file,
                     .path = path,
                     .size = octets.size,
                     .mode = status.st_mode & kModeBits,
                     .owner = owners_.user(status.st_uid),
                     .group = owners_.group(status.st_gid),
                     .modified_us = us_of(status.st_mtim),
                     .checksum = octets.checksum});
}

Result<void> Draft::write_manifest(Manifest& manifest) {
  const auto list = list_->finish();
  if (!list) return pass_on(list.error());
  manifest.files = files_;
  manifest.folders = folders_;
  manifest.octets = octets_;
  manifest.list_size = list->size;
  manifest.list_checksum = list->checksum;
  const auto file = make_file(at(kManifestName));
  if (!file) return pass_on(file.error());
  if (const int error = write_all(file->get(), to_text(manifest)); error != 0)
    return fail_errno(at(kManifestName), error);
  return {};
}

Result<Manifest> Draft::finish(Manifest manifest) {
  progress_.begin("writing it to the disk");
  if (auto written = write_manifest(manifest); !written) return pass_on(std::move(written.error()));
  if (::syncfs(root_fd_.get()) != 0) return fail_errno(root_, errno);
  // An empty folder of that name goes with it.
  if (::rename(root_.c_str(), directory_.c_str()) != 0) return fail_errno(directory_, errno);
  ours_ = false;
  const std::string parent = fs::path(directory_).parent_path().string();
  const Fd above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above || ::fsync(above.get()) != 0) {
    const int error = errno;
    problems_.add(
        fmt::format("{}: {}; the backup is whole, and its name may not outlive a crash: "
                    "sync the disk",
                    parent, std::generic_category().message(error)));
  }
  return manifest;
}

}  // namespace postrider::ctl::backup
