// inspection.h - everything that is wrong with a mailbox that is held, and what can be mended of it
// without losing mail.
//
//   fault                                        what a repair does
//   tmp/, new/ or cur/ is missing                makes it
//   owner or mode of a folder or file            as the Maildir has them
//   a file is not as long as S= says (torn)      moves it to postrider.torn/
//   S= or W= is missing, or W= is wrong          renames the file
//   a message is there twice, octet by octet     removes one of its files
//   a file was deleted by its reader, and a
//   crash has kept it (deletion_journal.h)       moves it to postrider.trash/, unless it was brought
//                                                back since
//   the journal of deletions is damaged, or
//   cannot be read (deletion_journal.h)          keeps it as postrider.deleted.damaged, and goes on
//                                                with what is whole of it
//   a leftover in tmp/, older than kTmpLife      removes it
//   a message is there twice and differs, two
//   messages have one unique-id, a name begins
//   with a dot, something is not a file, a file
//   or folder cannot be read                     nothing: says what to do
//
// A check needs no lock, so that readers may come and go while it reads all mail; a repair does. No
// repair changes a unique-id. One that is repeated finds nothing more to do. Every message is
// read, since only so W= can be judged. Blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/maildir/held_mailbox.h"

namespace postrider::maildir {

inline constexpr const char* kTornFolder = "postrider.torn";

struct Fault {
  std::string path;     // below the Maildir
  std::string what;     // is wrong
  std::string mending;  // what a repair does, or an administrator has to do
  bool by_repair = false;
  bool mended = false;
};

struct Inspected {
  // Faults that are told one by one.
  static constexpr std::size_t kTold = 1000;

  std::uint64_t messages = 0;  // that are served
  std::uint64_t faults = 0;
  std::uint64_t mended = 0;
  std::vector<Fault> told;
};

enum class Inspecting { check, repair };

// `boot`: boot_id(). What was mended is durable when this returns.
Result<Inspected> inspect(const HeldMailbox& mailbox, Inspecting what, WallTime now,
                          const std::string& boot);

}  // namespace postrider::maildir
