// foreign_list.h - the lists in which other POP3 servers keep the unique-ids of a Maildir's
// messages. No I/O.
//
// Dovecot: dovecot-uidlist
//   version 3 = "3" *( SP key value ) LF *( uid *( SP key value ) SP ":" file LF )
//   version 1 = "1" SP validity SP next LF *( uid SP file LF )
// Keys that count here: of the header V, the UIDVALIDITY; of a message P, an id that goes before
// the format's, where an empty one is the file's name, and G, its GUID, which else is that name.
// What the id is of the others the server's setting pop3_uidl_format says (uidl_format.h).
//
// Courier: courierpop3dsizelist
//   versions 2 and 3 = "/" version SP next SP validity LF
//                      *( file SP size SP n ":" validity [ ":" utf8 ] LF )
// The id is "UID" n "-" validity, without the validity where that is 0. Where n is 0 as well, it is
// the file's name, in which what is not visible, quotes and '+' are "+" and two digits.
//
// A last line without LF was being written, and is left out. Any other line that cannot be read
// makes the whole list unread: an id that is guessed would have a message fetched again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/result.h"
#include "common/maildir/uidl_format.h"

namespace postrider::maildir {

struct ForeignList {
  // A list that is larger is not read; a million messages of Dovecot take some 120 MB.
  static constexpr std::size_t kMaxSize = std::size_t{256} << 20;
  // A file's name is 255 at most.
  static constexpr std::size_t kMaxLine = 4096;

  // By the base of the file's name (FileName::base). Ids as the server told them, which may be
  // longer than POP3 allows.
  std::unordered_map<std::string, std::string> ids;
};

// Errors are corrupt, and name the line.
Result<ForeignList> read_dovecot_list(std::string_view text, const UidlFormat& format);
Result<ForeignList> read_courier_list(std::string_view text);

}  // namespace postrider::maildir
