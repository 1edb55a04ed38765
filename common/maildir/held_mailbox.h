// held_mailbox.h - a mailbox that an administrator works on: its Maildir under the lock of its
// readers, and whose its files are to be.
//
// Whoever holds it, perhaps root, makes files that belong to the Maildir's owner, as pop3d and
// deliverd expect. Blocks: for programs that have nothing else to do.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::maildir {

struct HeldMailbox {
  std::string path;  // of the Maildir, for people
  Fd directory;
  Fd lock;  // empty: it is only looked at
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0700;  // of the Maildir and its folders

  // Where the path `below` the Maildir, as "new/x", is: its folder, opened once and never through a
  // symbolic link, so that whose the mailbox is cannot turn an administrator's work elsewhere.
  struct Place {
    int folder;        // -1 with errno: it is none, or cannot be opened
    const char* name;  // within `below`
  };
  Place at(const std::string& below) const;

  mode_t file_mode() const noexcept { return mode & 0666U; }
  // Gives what was made just now to the owner, with `mode`. The errno, or 0.
  int adopt(int fd, mode_t mode) const noexcept;

 private:
  mutable std::map<std::string, Fd, std::less<>> folders_;  // that were asked for
};

// Opens and locks the Maildir of `mailbox` (user@domain as the directory knows it). The error is
// not_found when there is none, and temporary when a session or another command has it.
Result<HeldMailbox> hold_mailbox(const std::string& mail_directory, const std::string& mailbox);

// The same without the lock, for those who only look: what others do meanwhile they may see in
// part.
Result<HeldMailbox> look_at_mailbox(const std::string& mail_directory, const std::string& mailbox);

// As hold_mailbox(); makes the Maildir, its folders, and those above it that are missing, for the
// owner of `mail_directory`.
Result<HeldMailbox> make_and_hold_mailbox(const std::string& mail_directory,
                                          const std::string& mailbox);

// Makes the folder `name` where it is missing.
Result<void> make_folder(const HeldMailbox& mailbox, const std::string& name);

// What was made, renamed and removed in the mailbox is durable when this returns, and so is its way
// up to the mail directory.
Result<void> sync_names(const HeldMailbox& mailbox);

}  // namespace postrider::maildir
