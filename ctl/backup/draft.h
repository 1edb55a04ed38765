// draft.h - a backup while it is made: DIR.partial, which becomes DIR when it is whole and durable.
//
//   DIR            DIR.partial              what it is
//   none, empty    none                     nothing yet
//   none, empty    locked                   a backup is being made
//   none, empty    FILES.jsonl, no lock     left by one that was killed: the next one removes it
//   whole          none                     the backup: all of it was synced before it got this
//   name
//
// The draft goes with the object unless finish() succeeded. All is for its owner alone (0700,
// 0600), as keys and passwords are in it; whose the files were stands in the list.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "ctl/backup/copy.h"
#include "ctl/backup/file_list.h"
#include "ctl/backup/manifest.h"
#include "ctl/backup/owners.h"
#include "ctl/backup/progress.h"

namespace postrider::ctl::backup {

// What was found on the way: the first are told, the others counted.
class Remarks {
 public:
  static constexpr std::size_t kTold = 100;

  void add(std::string remark);
  void add(const Remarks& others);
  std::uint64_t count() const noexcept { return count_; }
  const std::vector<std::string>& told() const noexcept { return told_; }

 private:
  std::vector<std::string> told_;
  std::uint64_t count_ = 0;
};

class Draft {
 public:
  // Refuses (invalid) a directory with something in it, and one that is where a file system is
  // mounted, as nothing can take its place whole. Temporary: another backup is making it.
  static Result<std::unique_ptr<Draft>> begin(const std::string& directory, Progress& progress);
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft();

  // It removed what a backup that was killed has left.
  bool found_leftover() const noexcept { return found_leftover_; }
  // Where the file or folder `path` of the backup is, meanwhile.
  std::string at(const std::string& path) const { return root_ + '/' + path; }

  // A folder of the draft's own, which the list does not have. May be there.
  Result<void> make_folder(const std::string& path);
  // The folder `path`, which was like `status`. May be there.
  Result<void> add_folder(const std::string& path, const struct stat& status);
  // The same in the list alone.
  Result<void> note_folder(const std::string& path, const struct stat& status);
  // Copies `from`, an open file, to the new file `path`.
  Result<Octets> add_file(const std::string& path, NamedFd from);
  // The file at(path) was made by somebody else, and is for `status`.
  Result<void> note_file(const std::string& path, const Octets& octets, const struct stat& status);

  // What is damaged or missing where it was copied from; what is no file and no folder.
  Remarks& problems() noexcept { return problems_; }
  Remarks& left_out() noexcept { return left_out_; }
  Progress& progress() noexcept { return progress_; }

  // Writes the manifest, whose counts are filled in here, syncs it all, and gives it its name.
  Result<Manifest> finish(Manifest manifest);

 private:
  Draft(std::string directory, Progress& progress);
  Result<void> open();
  Result<void> take_over_leftover();
  Result<void> write_manifest(Manifest& manifest);

  const std::string directory_;
  const std::string root_;
  Progress& progress_;
  Fd root_fd_;  // holds the lock; open before anything is written, so that syncfs tells of all
  std::optional<FileListWriter> list_;
  Owners owners_;
  Remarks problems_, left_out_;
  std::uint64_t files_ = 0, folders_ = 0, octets_ = 0;
  bool found_leftover_ = false;
  bool ours_ = false;  // to be removed
};

}  // namespace postrider::ctl::backup
