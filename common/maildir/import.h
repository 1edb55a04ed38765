// import.h - brings messages into a mailbox that is held: from another Maildir, or from an mbox;
// and gives messages the unique-ids that another server told their readers.
//
// A message is known by the base of its file's name (message_key()), so an import that was stopped
// and is repeated brings nothing twice, nor what a reader has deleted here since, as long as the
// journal of deletions remembers it. Messages that are there already are renamed where their
// unique-id is another than the list says: so the Maildir of the other server can also be given
// its ids where it lies, by importing it into itself. The base of a message of an mbox is made of
// its time, of a hash of its octets, and of how many equal ones are before it.
//
// Files are written in tmp/, made durable some hundred at a time, and then renamed; a power cut
// leaves each whole, or not there. Of the source nothing is changed: its files are linked where
// they are of the mailbox's owner and file system, else copied. Names get the sizes that a delivery
// puts there, so all mail is read. Blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/file_name.h"
#include "common/maildir/foreign_list.h"
#include "common/maildir/held_mailbox.h"
#include "common/maildir/listing.h"

namespace postrider::maildir {

struct ImportReport {
  // Problems that are told one by one.
  static constexpr std::size_t kTold = 100;

  std::uint64_t imported = 0;  // messages that were not here
  std::uint64_t renamed = 0;   // that were, and have the other server's unique-id now
  std::uint64_t already = 0;   // that were, as they are to be
  std::uint64_t deleted = 0;   // deleted here by their reader, and so left out
  std::uint64_t with_id = 0;   // of those here now: with the unique-id that the list says
  std::uint64_t unlisted = 0;  // of which the list says none
  std::uint64_t problems = 0;  // messages that are not here, or without the id of the list
  std::vector<std::string> told;
};

class Import {
 public:
  // Octets of one message of an mbox; one that is larger is left out and told.
  static constexpr std::uint64_t kMaxMessage = std::uint64_t{1} << 30U;

  // Reads which messages the mailbox has. `to` outlives the import.
  static Result<Import> begin(const HeldMailbox& to);

  Import(Import&&) = default;
  Import& operator=(Import&&) = delete;
  // Removes what it has written and not renamed.
  ~Import();

  // Imports the Maildir of the descriptor `maildir`. `list`: null where no ids are to be given.
  Result<void> take_maildir(int maildir, const ForeignList* list);

  // Imports the mbox that `fd` is open on, of whatever kind of file. An error of kind corrupt says
  // which message is wrong; those before it are imported.
  Result<void> take_mbox(int fd);

  // To be called after the last message: all of them are durable when this returns.
  Result<ImportReport> finish();

 private:
  // Files that are synced together.
  static constexpr std::size_t kBatch = 256;

  friend class MboxImport;

  struct Source {
    int directory = -1;  // new/ or cur/
    Folder folder = Folder::in_new;
    const ForeignList* list = nullptr;
  };
  struct Written {
    std::string tmp_path;
    std::string path;                   // empty: not whole
    std::optional<timespec> time = {};  // what its modification time is to be
  };

  explicit Import(const HeldMailbox& to) : to_(to) {}

  Result<void> read_mailbox();
  Result<void> read_deleted();
  Result<void> take_file(const Source& source, const std::string& name);
  // The id that the list says, if it can be given.
  std::string id_for(const Source& source, const FileName& name);
  void rename_here(const std::string& path, const std::string& key, const std::string& id);
  Result<void> place(const Source& source, const std::string& name, const std::string& id);
  Result<void> copy(const Source& source, const std::string& name, const std::string& id);
  bool link(const Source& source, const std::string& name, const std::string& path) const;
  // A file in tmp/, the last of written_, for reading and writing.
  Result<Fd> make_file();
  // The last of written_ is whole, and is to be `path`.
  Result<void> keep_file(const Fd& file, std::string path);
  Result<void> rename_written();
  int rename(const Written& file) const;
  void remove(const Written& file) const;
  void remove_written();
  void tell(std::string problem);
  void note_here(std::string_view path, const FileName& name);

  const HeldMailbox& to_;
  std::unordered_map<std::string, std::string> here_;   // paths, by message_key()
  std::unordered_map<std::string, std::string> owner_;  // message_key(), by unique-id
  std::unordered_set<std::string> deleted_;             // message_key() of journal entries
  std::vector<Written> written_;
  std::uint64_t counter_ = 0;
  ImportReport report_;
};

}  // namespace postrider::maildir
