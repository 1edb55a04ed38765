// undelete.cc - Mailbox::undelete(): messages go back from the trash into their mailbox.
#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "common/maildir/mailbox.h"
#include "common/maildir/rename_new.h"

namespace postrider::maildir {

namespace {

// What the mailbox has: messages by their keys and by their unique-ids.
struct Known {
  std::unordered_set<std::string> keys, ids;

  bool take(const FileName& name) {
    const bool is_new = keys.count(std::string(message_key(name.base))) == 0;
    return is_new && ids.insert(unique_id(name)).second &&
           keys.emplace(message_key(name.base)).second;
  }
};

// In cur/ is what a reader has seen, and the name says so.
std::string path_back(std::string_view file_name) {
  return fmt::format("{}/{}", FileName::parse(file_name).flags.empty() ? "new" : "cur", file_name);
}

}  // namespace

Result<Mailbox::Undeleted> Mailbox::undelete(const std::vector<std::string>& names) {
  if (scan_.finished.not_removed > 0)
    return fail(ErrorKind::temporary,
                "messages that were deleted before cannot be moved to the trash; see what the "
                "owner, mode and disk of new/, cur/ and postrider.trash/ are");
  Known known;
  for (std::size_t i = 0; i < listing().size(); ++i)
    known.take(FileName::parse(listing().file_name(i)));
  Undeleted undeleted;
  std::vector<std::string_view> bases;
  std::vector<const std::string*> chosen;
  for (const std::string& name : names) {
    const auto parsed = TrashName::parse(name);
    if (!parsed) {
      undeleted.faults.push_back(fmt::format("{}/{}: is no message's", kTrashFolder, name));
    } else if (known.take(FileName::parse(parsed->file_name))) {
      bases.push_back(FileName::parse(parsed->file_name).base);
      chosen.push_back(&name);
    } else {
      undeleted.already.push_back(name);
    }
  }
  if (auto forgotten = journal_->forget(bases); !forgotten)
    return pass_on(std::move(forgotten.error()));
  for (const std::string* name : chosen) {
    const std::string from = fmt::format("{}/{}", kTrashFolder, *name);
    const std::string to = path_back(TrashName::parse(*name)->file_name);
    const int error = rename_new(directory_.get(), from, directory_.get(), to);
    if (error == 0) {
      undeleted.names.push_back(*name);
    } else {
      undeleted.faults.push_back(fail_errno(from, error).value().text);
    }
  }
  if (auto synced = sync_folders(directory_.get(), std::array{"new", "cur", kTrashFolder}); !synced)
    return pass_on(std::move(synced.error()));
  return undeleted;
}

}  // namespace postrider::maildir
