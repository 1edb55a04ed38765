// delivery.h - puts one message into one mailbox: written in tmp/, then renamed into new/.
//
// Every call may block: for worker threads. The name in new/ depends on message, mailbox and
// arrival alone, so a delivery that is repeated, or that several threads do at once, ends with one
// file. States of a mailbox with regard to one message, and what commit() makes of them:
//
//   N  nothing                                      renames its own file into new/
//   W  a file of the same size in new/, or in cur/
//      with flags, as its S= says                   renames its own file over it
//   O  a whole file of another size: of another
//      release's trace fields, or a report that
//      was written again                            drops its own file
//   T  a torn file (power was cut): its size is
//      not what S= says                             unlinks it, then as N
//   D  deleted by its reader, as its journal says
//      (deletion_journal.h), whatever files there
//      are                                          drops its own file; also one that it has just
//                                                   renamed, when the reader came in between
//   L  a leftover in tmp/                           stays until a mailbox is read (scan.h)
//
// W is written anew though it reads well: its blocks may have been lost on their way to the disk,
// by a power cut (holes) or by a sync that failed, after which the kernel takes them for written.
//
// Without Sync::file the caller makes the file durable (syncfs) before it reports the delivery.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "common/base/fd.h"
#include "common/maildir/file_name.h"
#include "common/maildir/line_ends.h"
#include "common/maildir/usage.h"

namespace postrider::maildir {

struct DeliveryError {
  enum class Cause {
    disk_full,   // ENOSPC
    over_quota,  // EDQUOT
    other,       // the text says what
  };
  Cause cause = Cause::other;
  std::string text;
};

template <typename T>
using DeliveryResult = tl::expected<T, DeliveryError>;

enum class Sync { none, file };

// What a message is called and where it goes.
struct Destination {
  int mail_directory = -1;   // descriptor of paths.mail
  std::string mailbox_path;  // mailbox_path()
  std::string base;          // base_name()
};

enum class Placed {
  now,
  earlier,  // one was already there, perhaps until its reader has deleted it
};

class Delivery {
 public:
  // Creates the file in tmp/, and the mailbox (directories of mode 0700) if it is not there.
  static DeliveryResult<Delivery> begin(Destination destination);

  Delivery(Delivery&&) = default;
  Delivery& operator=(Delivery&&) = delete;
  // Removes the file from tmp/ unless commit() has moved it.
  ~Delivery();

  // Adds text with LF line ends.
  DeliveryResult<void> append(std::string_view text);

  // Octets of the file, were it committed now.
  std::uint64_t size() const noexcept { return size_ + (last_ == '\n' ? 0U : 1U); }

  // Puts the file into new/ (with a line end at its end, if it has none). `repeated`: an earlier
  // attempt may have put it there, and a program of the user moved it to cur/ since, or its reader
  // deleted it: looks there too. Call once.
  enum class Attempt { first, repeated };
  DeliveryResult<Placed> commit(Attempt attempt, Sync sync);

  // When new/ and cur/ were last changed, directly before the file was renamed into one of them and
  // directly after; none, where that cannot be told or the file was not renamed.
  struct Renamed {
    std::optional<ChangeTimes> before, after;
  };
  const Renamed& renamed() const noexcept { return renamed_; }
  // Of the file, relative to the mail directory; empty: it was not renamed.
  const std::string& path() const noexcept { return placed_; }

 private:
  // What an earlier attempt left: states N, W, O, T. (Of D asks is_deleted().)
  enum class Earlier { none, ours, another, torn };

  Delivery(Destination destination, Fd file, std::string tmp_path);

  DeliveryResult<void> write_all(std::string_view first, std::string_view second);
  DeliveryResult<Placed> find_or_rename(Attempt attempt);
  DeliveryResult<Placed> place_again();
  DeliveryResult<Placed> place(std::string path);
  DeliveryResult<bool> is_deleted() const;
  int sync_names() const;  // errno, or 0
  Sizes sizes() const;
  DeliveryResult<void> rename_to(const std::string& path);
  // The path of an earlier result; empty: there is none.
  DeliveryResult<std::string> find_earlier() const;
  DeliveryResult<Earlier> look_at(const std::string& path) const;
  void unlink_tmp() noexcept;

  Destination to_;
  Fd file_;
  std::string tmp_path_;  // as all paths here relative to mail_directory; empty once it is gone
  std::string unwritten_;
  std::uint64_t size_ = 0;
  WireSize wire_size_;
  bool ascii_ = true;   // so far
  std::string placed_;  // the path of the file, once it was renamed
  Renamed renamed_;
  char last_ = '\n';
};

}  // namespace postrider::maildir
