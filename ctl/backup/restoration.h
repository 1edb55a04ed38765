// restoration.h - puts what is in a backup into its places. Blocks.
//
// Every file is new, with the mode and, for root, the owner that the list says; each is held
// against its checksum on the way. Below the folders of the instance no symbolic link is followed:
// they belong to daemons. The spool comes last, and of it what queued reads first. Folders are for
// who restores alone until all is in them. What was there before is left as it is. Unless finish()
// succeeded, everything that was made goes with the object; after a crash it is there, and the next
// restore finds it in the way.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/fd.h"
#include "ctl/backup/backup.h"
#include "ctl/backup/owners.h"
#include "ctl/backup/places.h"

namespace postrider::ctl::backup {

class Restoration {
 public:
  // All outlive it. The backup was found whole, and nothing is in the way.
  Restoration(const Backup& backup, const Places& places, Progress& progress);
  Restoration(const Restoration&) = delete;
  Restoration& operator=(const Restoration&) = delete;
  ~Restoration();

  // All but the configuration, and durable.
  Result<void> place();
  // The configuration, at last: with it the instance can be started.
  Result<void> place_configuration(const Entry& entry);
  void finish() noexcept { finished_ = true; }

  // Of the backup, without a place here; there already.
  const Remarks& left_out() const noexcept { return left_out_; }
  const Remarks& kept() const noexcept { return kept_; }
  std::uint64_t files() const noexcept { return files_; }
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  template <typename Act>
  Result<void> each(EntryKind kind, Act act);
  Result<void> make_folder(const std::string& folder, mode_t mode);
  // Below a folder of the instance no link is followed.
  Result<Fd> open_folder(const std::string& folder);
  // Made where it lacks, and kept open for the next file in it.
  Result<int> folder_for_files(const std::string& folder);
  Result<void> place_file(const Entry& entry, const std::string& place);
  Result<void> write_file(const Entry& entry, const std::string& place);
  Result<void> give(const Entry& entry, int fd, const std::string& place);
  Result<void> give_folder(const Entry& entry, const std::string& place);
  Result<void> sync();
  bool is_made_here(const std::string& path) const;

  const Backup& backup_;
  const Places& places_;
  Progress& progress_;
  const bool is_root_;
  Owners owners_;
  Remarks left_out_, kept_;
  std::string last_folder_;
  Fd last_fd_;
  std::set<std::string> made_folders_;         // whose parents were there
  std::vector<std::string> made_files_;        // in folders that were there
  std::map<dev_t, std::string> file_systems_;  // that were written to, by a folder of each
  std::uint64_t files_ = 0, octets_ = 0;
  bool finished_ = false;
};

}  // namespace postrider::ctl::backup
