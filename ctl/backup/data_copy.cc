#include "ctl/backup/data_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/config/load.h"
#include "common/directory/schema.h"
#include "common/sqlite/snapshot.h"
#include "common/trace/file_name.h"
#include "ctl/backup/interruption.h"
#include "ctl/backup/named_files.h"

namespace postrider::ctl::backup {

namespace {

namespace fs = std::filesystem;

// Folders in folders of paths.data.
constexpr int kMaxDepth = 4;
// What SQLite has beside a database: a copy of it stands without.
constexpr std::array<std::string_view, 3> kBesideDatabases{"-journal", "-wal", "-shm"};

// Sorted.
Result<std::vector<std::string>> names_in(const std::string& folder) {
  const Handle<DIR, &::closedir> entries(::opendir(folder.c_str()));
  if (!entries) return fail_errno(folder, errno);
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class DataCopy {
 public:
  DataCopy(const std::string& data, Draft& draft)
      : index_(trace::index_path(data)),
        lines_(trace::folder_of(data)),
        index_folder_(trace::index_folder_of(data)),
        directory_(data + '/' + std::string(directory::kDatabaseName)),
        draft_(draft) {}

  Result<void> folder(const std::string& from, const std::string& path, int depth) {
    struct stat status {};
    if (::stat(from.c_str(), &status) != 0) return fail_errno(from, errno);
    if (auto added = draft_.add_folder(path, status); !added) return added;
    if (from == lines_ || from == index_folder_) return {};
    if (depth > kMaxDepth) {
      draft_.left_out().add(fmt::format("{}: is more than {} folders deep", from, kMaxDepth));
      return {};
    }
    const auto names = names_in(from);
    if (!names) return pass_on(names.error());
    for (const std::string& name : *names)
      if (auto done = one(from + '/' + name, path + '/' + name, depth); !done) return done;
    return {};
  }

 private:
  bool is_passed_over(const std::string& name) const {
    return name.starts_with(index_) ||
           std::any_of(kBesideDatabases.begin(), kBesideDatabases.end(),
                       [&](std::string_view end) { return name.ends_with(end); });
  }

  Result<void> one(const std::string& from, const std::string& path, int depth) {
    if (is_passed_over(from)) return {};
    struct stat status {};
    if (::lstat(from.c_str(), &status) != 0)
      return errno == ENOENT ? Result<void>() : Result<void>(fail_errno(from, errno));
    if (S_ISDIR(status.st_mode)) return folder(from, path, depth + 1);
    if (!S_ISREG(status.st_mode)) {
      // Everything else would be copied without that which it is for.
      if (from == directory_) {
        draft_.problems().add(fmt::format(
            "{}: is no file, and is not in the backup: put the database itself in its place",
            from));
        return {};
      }
      draft_.left_out().add(fmt::format("{}: neither a file nor a folder", from));
      return {};
    }
    if (from == directory_) return database(from, path, status);
    if (from.ends_with(".db")) return database_of_a_daemon(from, path, status);
    const auto file = open_to_read(from);
    if (!file) return pass_on(file.error());
    const auto copied = draft_.add_file(path, {file->get(), from});
    return copied ? Result<void>() : Result<void>(pass_on(copied.error()));
  }

  Result<void> database(const std::string& from, const std::string& path,
                        const struct stat& status) {
    auto snapshot = sqlite::Snapshot::take(from, sqlite::Access::read);
    const std::string journal = from + "-journal";
    if (!snapshot && fs::exists(journal)) {
      // What writes it was killed: who may write takes back what that left, which reading cannot.
      if (status.st_uid != ::geteuid())
        return fail(ErrorKind::temporary,
                    fmt::format("{}; {} is there, as what wrote it was killed: make the backup "
                                "once as the user whose the database is, which mends it",
                                snapshot.error().text, journal));
      // As the command opens it (common/directory/editor.cc): others may only read it.
      if (auto mended =
              sqlite::Database::open(from, sqlite::Access::write, sqlite::Database::kBusyTimeout,
                                     sqlite::Journal::rollback))
        static_cast<void>(mended->schema_version());
      snapshot = sqlite::Snapshot::take(from, sqlite::Access::read);
    }
    if (!snapshot) return pass_on(std::move(snapshot.error()));
    return database(*snapshot, path, status);
  }

  Result<void> database(sqlite::Snapshot& snapshot, const std::string& path,
                        const struct stat& status) {
    if (auto copied = snapshot.copy_to(draft_.at(path), &Interruption::none); !copied)
      return copied;
    const auto octets = sum_octets(draft_.at(path));
    if (!octets) return pass_on(octets.error());
    return draft_.note_file(path, *octets, status);
  }

  // One without which the instance works: what it counts begins anew.
  Result<void> database_of_a_daemon(const std::string& from, const std::string& path,
                                    const struct stat& status) {
    auto snapshot = sqlite::Snapshot::take(from, sqlite::Access::read);
    if (!snapshot) return leave_out(snapshot.error(), path);
    auto copied = database(*snapshot, path, status);
    if (copied || !Interruption::none()) return copied;
    // What is not the fault of the file itself, as a full disk, is one for all others as well.
    if (copied.error().kind != ErrorKind::corrupt && sum_octets(from)) return copied;
    return leave_out(copied.error(), path);
  }

  Result<void> leave_out(const Error& why, const std::string& path) {
    draft_.problems().add(fmt::format("{}; it is not in the backup, and the rest is", why.text));
    if (::unlink(draft_.at(path).c_str()) != 0 && errno != ENOENT)
      return fail_errno(draft_.at(path), errno);
    return {};
  }

  // Of the trace, which is not kept: what happened is no part of what is.
  const std::string index_, lines_, index_folder_;
  const std::string directory_;
  Draft& draft_;
};

// `path` of a configuration may be a symbolic link, as that of a certificate often is.
Result<void> copy_named(const std::string& from, const std::string& path, Draft& draft) {
  const Fd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd && errno == ENOENT) {
    draft.problems().add(fmt::format("{}: is named by the configuration, and is not there", from));
    return {};
  }
  if (!fd || ::fstat(fd.get(), &status) != 0) return fail_errno(from, errno);
  if (!S_ISREG(status.st_mode)) return {};
  const auto copied = draft.add_file(path, {fd.get(), from});
  if (!copied) return pass_on(copied.error());
  return {};
}

// Of what kind the folder of a file is, in case a restore has to make it.
Result<void> note_folder_of(const std::string& file, const std::string& name, Draft& draft) {
  const std::string folder = fs::absolute(file).parent_path().string();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0)
    return errno == ENOENT ? Result<void>() : Result<void>(fail_errno(folder, errno));
  return draft.note_folder("folders/" + name, status);
}

}  // namespace

Result<void> copy_data(const config::Settings& settings, Draft& draft) {
  draft.progress().begin("the directory");
  return DataCopy(settings.paths.data, draft).folder(settings.paths.data, "data", 0);
}

Result<void> copy_configuration(const std::string& path, const config::Settings& settings,
                                Draft& draft) {
  for (const char* folder : {"config", "named"})
    if (auto made = draft.make_folder(folder); !made) return made;
  if (auto noted = note_folder_of(path, "config", draft); !noted) return noted;
  for (const NamedFile& file : named_files(settings)) {
    if (auto noted = note_folder_of(file.path, file.parameter, draft); !noted) return noted;
    if (auto copied = copy_named(file.path, "named/" + file.parameter, draft); !copied)
      return copied;
  }
  struct stat status {};
  if (::stat(settings.paths.run.c_str(), &status) == 0)
    if (auto noted = draft.note_folder("run", status); !noted) return noted;
  return copy_named(path, kConfigPath, draft);
}

}  // namespace postrider::ctl::backup
