#include "ctl/backup/restoration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "ctl/backup/copy.h"
#include "ctl/backup/file_list.h"
#include "ctl/backup/interruption.h"

namespace postrider::ctl::backup {

namespace {

namespace fs = std::filesystem;

// Of a folder of the backup until all is in it.
constexpr mode_t kWhileFilled = 0700;
// Of folders above these, as /srv, where it does not say.
constexpr mode_t kFolderAbove = 0755;

std::string parent_of(const std::string& path) { return fs::path(path).parent_path().string(); }

std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

tl::unexpected<Error> in_the_way(const std::string& path) {
  return fail(ErrorKind::invalid,
              fmt::format("{}: is in the way, as it is no folder: move it aside", path));
}

// What starts an instance comes last: a daemon begins with queue.db and the segments.
int turn_of(const std::string& path) noexcept {
  if (!path.starts_with("spool/")) return 0;
  for (const char* folder : {"spool/deferred/", "spool/incoming/large/", "spool/quarantine/"})
    if (path.starts_with(folder)) return 1;
  return 2;
}

std::array<timespec, 2> times_of(const Entry& entry) noexcept {
  constexpr std::int64_t kMicro = 1'000'000;
  const std::int64_t us = ((entry.modified_us % kMicro) + kMicro) % kMicro;
  const timespec time{.tv_sec = static_cast<time_t>((entry.modified_us - us) / kMicro),
                      .tv_nsec = static_cast<long>(us * 1000)};
  return {time, time};
}

}  // namespace

Restoration::Restoration(const Backup& backup, const Places& places, Progress& progress)
    : backup_(backup), places_(places), progress_(progress), is_root_(::geteuid() == 0) {}

Restoration::~Restoration() {
  if (finished_) return;
  std::error_code ignored;
  for (const std::string& file : made_files_)
    if (const auto folder = open_folder(parent_of(file)))
      ::unlinkat(folder->get(), name_of(file).c_str(), 0);
  for (const std::string& folder : made_folders_) fs::remove_all(folder, ignored);
}

// Whether all of it goes when the restore fails.
bool Restoration::is_made_here(const std::string& path) const {
  for (fs::path at = path; at.has_relative_path(); at = at.parent_path())
    if (made_folders_.count(at.string()) > 0) return true;
  return false;
}

// Calls `act` with each entry of that kind which has a place, and with that.
template <typename Act>
Result<void> Restoration::each(EntryKind kind, Act act) {
  auto list = FileListReader::open(backup_.at(kListName));
  if (!list) return pass_on(std::move(list.error()));
  const auto configuration = places_.of(kConfigPath);
  while (true) {
    const auto entry = list->next();
    if (!entry) return pass_on(entry.error());
    if (!*entry) return {};
    if (auto none = Interruption::none(); !none) return none;
    if ((*entry)->kind != kind || (*entry)->path == kConfigPath) continue;
    const auto place = places_.of((*entry)->path);
    if (place && *place == configuration) continue;  // in a folder of the instance: comes last
    if (auto done = act(**entry, place); !done) return done;
  }
}

Result<void> Restoration::place() {
  progress_.begin("restoring");
  using Place = std::optional<std::string>;
  auto placed = each(EntryKind::folder, [this](const Entry&, const Place& place) {
    return place ? make_folder(*place, kWhileFilled) : Result<void>();
  });
  if (!placed) return placed;
  for (int turn = 0; turn <= 2; ++turn) {
    placed = each(EntryKind::file, [&](const Entry& entry, const Place& place) {
      if (turn_of(entry.path) != turn) return Result<void>();
      if (place) return place_file(entry, *place);
      left_out_.add(fmt::format("{}: the configuration names no such file", entry.path));
      return Result<void>();
    });
    if (!placed) return placed;
  }
  placed = each(EntryKind::folder, [this](const Entry& entry, const Place& place) {
    return place && is_made_here(*place) ? give_folder(entry, *place) : Result<void>();
  });
  return placed ? sync() : placed;
}

// And those above it.
Result<void> Restoration::make_folder(const std::string& folder, mode_t mode) {
  const auto there = folder.empty() ? Result<Fd>(Fd()) : open_folder(folder);
  if (there) return {};
  if (there.error().kind != ErrorKind::not_found) return pass_on(there.error());
  const std::string parent = parent_of(folder);
  if (auto made = make_folder(parent, kFolderAbove); !made) return made;
  const auto above = open_folder(parent);
  if (!above) return pass_on(above.error());
  if (::mkdirat(above->get(), name_of(folder).c_str(), mode) != 0) return fail_errno(folder, errno);
  if (!is_made_here(parent)) made_folders_.insert(folder);
  return {};
}

Result<Fd> Restoration::open_folder(const std::string& folder) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const std::string root = places_.root_above(folder);
  Fd fd(::open(root.empty() ? folder.c_str() : root.c_str(), kFlags));
  if (!fd && errno == ENOTDIR) return in_the_way(folder);
  if (!fd) return fail_errno(folder, errno);
  if (root.empty()) return fd;
  const fs::path below = fs::path(folder.substr(root.size())).relative_path();
  for (const fs::path& name : below) {
    if (name.empty()) continue;  // after a slash at the end
    Fd next(::openat(fd.get(), name.c_str(), kFlags | O_NOFOLLOW));
    if (!next && (errno == ENOTDIR || errno == ELOOP)) return in_the_way(folder);
    if (!next) return fail_errno(folder, errno);
    fd = std::move(next);
  }
  return fd;
}

Result<int> Restoration::folder_for_files(const std::string& folder) {
  if (last_fd_ && folder == last_folder_) return last_fd_.get();
  if (auto made = make_folder(folder, kFolderAbove); !made) return pass_on(std::move(made.error()));
  auto opened = open_folder(folder);
  if (!opened) return pass_on(std::move(opened.error()));
  last_fd_ = std::move(*opened);
  last_folder_ = folder;
  return last_fd_.get();
}

Result<void> Restoration::place_file(const Entry& entry, const std::string& place) {
  if (entry.path.starts_with("named/") && is_there(place)) {  // and was found to be the same
    kept_.add(place);
    return {};
  }
  return write_file(entry, place);
}

Result<void> Restoration::write_file(const Entry& entry, const std::string& place) {
  const std::string parent = parent_of(place);
  const auto folder = folder_for_files(parent);
  if (!folder) return pass_on(folder.error());
  const std::string source = backup_.at(entry.path);
  const auto from = open_to_read(source);
  if (!from) return pass_on(from.error());
  const auto to = make_file_in(*folder, place);
  if (!to) return pass_on(to.error());
  if (!is_made_here(parent)) made_files_.push_back(place);
  const auto octets = copy_octets({from->get(), source}, {to->get(), place});
  if (!octets) return pass_on(octets.error());
  if (*octets != Octets{entry.size, entry.checksum})
    return fail(
        ErrorKind::corrupt,
        fmt::format("{}: does not match its checksum; nothing is left of the restore", source));
  ++files_;
  octets_ += octets->size;
  progress_.add(octets->size);
  return give(entry, to->get(), place);
}

// The owner first: chown(2) may take bits of the mode away.
Result<void> Restoration::give(const Entry& entry, int fd, const std::string& place) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(place, errno);
  file_systems_.emplace(status.st_dev, parent_of(place));
  if (is_root_) {
    const auto user = owners_.user_id(entry.owner);
    const auto group = owners_.group_id(entry.group);
    if (!user || !group || ::fchown(fd, *user, *group) != 0) return fail_errno(place, errno);
  }
  if (::fchmod(fd, entry.mode) != 0) return fail_errno(place, errno);
  const auto times = times_of(entry);
  if (::futimens(fd, times.data()) != 0) return fail_errno(place, errno);
  return {};
}

Result<void> Restoration::give_folder(const Entry& entry, const std::string& place) {
  const auto fd = open_folder(place);
  if (!fd) return pass_on(fd.error());
  return give(entry, fd->get(), place);
}

Result<void> Restoration::sync() {
  progress_.begin("writing it to the disk");
  for (const auto& [device, folder] : file_systems_) {
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0) return fail_errno(folder, errno);
  }
  return {};
}

Result<void> Restoration::place_configuration(const Entry& entry) {
  const auto place = places_.of(entry.path);
  if (!place) return {};
  if (auto written = write_file(entry, *place); !written) return written;
  const std::string parent = parent_of(*place);
  for (const std::string& path : {*place, parent}) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return fail_errno(path, errno);
  }
  return {};
}

}  // namespace postrider::ctl::backup
