// file_name.h - the names of message files in a Maildir.
//
//   name   = base *( "," parameter ) [ ":2," flags ]
//   base   = unix-seconds "." unique "." host        ours; other programs put what they like
//   unique = message-id mailbox-hash                 20 characters of [0-9a-v], 16 of [0-9a-f]
//
// Parameters are "S=" (octets of the file), "W=" (octets with CRLF line ends, as Courier, Dovecot
// and Maildir++ use them) and "U=", the POP3 unique-id where it is not that of the base: of mail
// that came from another server, and of files that would else share one. In it '%', '/', ',' and
// ':' are
// "%" and two upper-case hexadecimal digits. "D=" is W= of what readers get that do not know UTF-8
// in a header (message/downgrader.h), where that is something else. Nothing but the base ever
// identifies a message: flags and parameters come and go with renaming.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/message_id.h"

namespace postrider::maildir {

// A host's name fit to stand in a file name: what is not a letter, a digit, '.', '-' or '_' becomes
// '_', and it is cut at 64 octets.
std::string host_label(std::string_view hostname);

// The base of the file of message `id` in `mailbox`. The same for every attempt, so that a repeated
// delivery meets its earlier result. `host` is a host_label().
std::string base_name(std::int64_t arrival_seconds, const MessageId& id, std::string_view mailbox,
                      std::string_view host);

// Whether both bases are of one message: ours by their unique part alone, since a report that is
// written again after a crash has another time, and a host may get another name.
bool same_message(std::string_view a, std::string_view b) noexcept;

// What identifies the message with this base: if the base is ours its unique part, and the dot
// before it, with which no base of a message begins; else the base. A view into it.
std::string_view message_key(std::string_view base) noexcept;

// 9999-12-31T23:59:59Z. Times after that, which anybody can write into a name, have no date.
inline constexpr std::int64_t kMaxSeconds = 253'402'300'799;

// What the name of a file says. The views are into the name that was parsed.
struct FileName {
  std::string_view base;
  std::string_view stem;                         // base and parameters: all before the flags
  std::string_view flags;                        // ":2,FS", or empty
  std::optional<std::int64_t> seconds;           // missing: the base does not begin with a time
  std::optional<std::uint64_t> size;             // S=
  std::optional<std::uint64_t> wire_size;        // W=
  std::optional<std::uint64_t> downgraded_size;  // D=
  std::string_view unique_id;  // U=, encoded as it stands there; empty: there is none

  static FileName parse(std::string_view name) noexcept;
};

// When the message came, 0 to kMaxSeconds: as the name says, else when the file was last written.
std::int64_t seconds_of(const FileName& name, std::int64_t written) noexcept;

// The POP3 unique-id of the message with this base (RFC 1939 section 7: 1 to 70 characters of 0x21
// to 0x7e): the unique part where we made the base, the base itself where it fits, else a hash.
std::string unique_id(std::string_view base);

// The unique-id of the file with this name: what U= says where that is one, else that of the base.
std::string unique_id(const FileName& name);
// The same as a view into the name, where it stands there as it is; else empty.
std::string_view unique_id_within(const FileName& name) noexcept;

// An id that is as good as never anybody else's, for a message whose own is taken.
std::string other_unique_id(std::string_view base);

// `stem` with U= as given, in the place of one that it has. `id` is 1 to 70 characters of 0x21 to
// 0x7e.
std::string with_unique_id(const FileName& name, std::string_view id);

// Octets of a message: of its file, on the wire, and on the wire once it was downgraded, where that
// is another message.
struct Sizes {
  std::uint64_t file = 0;
  std::uint64_t wire = 0;
  std::optional<std::uint64_t> downgraded;
};
// `stem` with S=, W= and D= as they are missing in it.
std::string with_sizes(const FileName& name, const Sizes& sizes);

}  // namespace postrider::maildir
