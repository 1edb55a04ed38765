#include "common/maildir/look.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/clashes.h"
#include "common/maildir/deletion_journal.h"

namespace postrider::maildir {

namespace {

class Looker {
 public:
  explicit Looker(const DeletionJournal& journal) : journal_(journal) {}

  Result<void> read_folder(int maildir, Folder folder) {
    const std::string name(name_of(folder));
    Fd fd(::openat(maildir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) return {};
    const Handle<DIR, &::closedir> entries(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!entries) return fail_errno(name, errno);
    static_cast<void>(fd.release());  // belongs to `entries` now
    for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0)
      take(::dirfd(entries.get()), folder, entry->d_name);
    if (errno != 0) return fail_errno(name, errno);
    return {};
  }

  Look finish(int maildir) {
    Listing& listing = look_.listing;
    const auto clashes = younger_of(maildir, listing, listing.finish());
    for (const std::size_t i : clashes) give_other_id(i);
    const std::size_t all = listing.size();
    if (!clashes.empty()) listing.leave_out({});
    look_.not_served += all - listing.size() + listing.dropped();
    if (listing.dropped() > 0 && look_.example.empty())
      look_.example = fmt::format("the newest above {} messages", Listing::kMaxMessages);
    return std::move(look_);
  }

 private:
  void take(int directory, Folder folder, const char* name) {
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return;
    if (name[0] == '.') return pass_over(folder, name, "begins with a dot");
    const FileName parsed = FileName::parse(name);
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // just gone
    if (journal_.is_to_be_removed(parsed.base, status.st_ctim.tv_sec)) return;
    if (!S_ISREG(status.st_mode)) return pass_over(folder, name, "is not a file");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (parsed.size.value_or(size) != size)
      return pass_over(folder, name, "has not the size that S= says");
    look_.disk_octets += size;
    look_.listing.add(folder, parsed, seconds_of(parsed, status.st_mtim.tv_sec),
                      parsed.wire_size.value_or(size));
  }

  void give_other_id(std::size_t i) {
    Listing& listing = look_.listing;
    const FileName parsed = FileName::parse(listing.file_name(i));
    const std::string id = other_unique_id(parsed.base);
    if (with_unique_id(parsed, id).size() + parsed.flags.size() > NAME_MAX) {
      ++look_.nameless;
      note(listing.folder(i), listing.file_name(i),
           "has the unique-id of another, and cannot be renamed");
    }
    listing.give_id(i, id);
  }

  void pass_over(Folder folder, const char* name, std::string_view why) {
    ++look_.not_served;
    note(folder, name, why);
  }

  void note(Folder folder, std::string_view name, std::string_view why) {
    if (look_.example.empty()) look_.example = fmt::format("{}/{} {}", name_of(folder), name, why);
  }

  const DeletionJournal& journal_;
  Look look_;
};

}  // namespace

Result<Look> look(int maildir, const std::string& boot) {
  const auto journal = DeletionJournal::open(maildir, boot);
  if (!journal) return pass_on(journal.error());
  Looker looker(*journal);
  for (const Folder folder : {Folder::in_new, Folder::in_cur})
    if (auto read = looker.read_folder(maildir, folder); !read)
      return pass_on(std::move(read.error()));
  return looker.finish(maildir);
}

}  // namespace postrider::maildir
