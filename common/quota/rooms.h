// rooms.h - how much room the mailboxes have that have a quota: what they hold, as deliverd has
// counted it, and what was promised to mail that is on its way into them, in one file that smtpd
// and deliverd share.
//
// smtpd, which may not look into mailboxes, takes a promise of room for each recipient, at RCPT by
// the size that was declared and at the end of data by the size that is; a message that gets none
// is refused while its client listens. A promise ends when the message is refused or given up, or
// when deliverd has stored it. deliverd counts and stores in one step, in its Turn of the mailbox,
// and leaves alone the room that was promised to others.
//
//   none --promise()--> held by a session --accept()--> of a message --delivered()--> none
//             |                |                             |
//             +-- refused --> none <------- withdraw() ------+      (or it fades)
//
// Nobody is refused for what is not known: a mailbox that was not counted counts as empty (what was
// promised counts all the same, and a count is asked for), and where there is no room in the file,
// or another process keeps it locked, room is granted without a promise. So the bound of the error
// is this.
//  - Refused though there was room: what promises hold that nobody will use. A session that says
//    nothing more, or was killed, has its own for kHeld, one that has reset its message until its
//    next MAIL or its end; a message that never comes to deliverd (deleted, sent elsewhere) for
//    kAccepted. A message counts with its CRLF until it is stored, which is an octet a line. Where
//    a program that is not ours has removed mail: until deliverd has counted anew, which a refusal
//    asks for.
//  - Accepted though there is no room: by an alias; beside other recipients who have some, where
//    nobody knew the size before or a stranger had named it; before the mailbox was counted; when
//    promises were forgotten (beyond kPromises, after kAccepted, by a crash between two writes);
//    because of what others have put into the mailbox. Such a message waits, as deliverd never
//    goes beyond the quota.
//
// Processes that die leave nothing locked. One that dies within a change leaves the header marked:
// the next forgets what was counted, and sums up the promises anew.
//
//   file = magic (8), hash key (16), state, zeros up to 4096 | kRows rows | kPromises promises
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/quota/amount.h"

namespace postrider::quota {

// What a mailbox holds, and when new/ and cur/ were last changed, in nanoseconds.
struct Count {
  Amount used;
  std::int64_t in_new = 0;
  std::int64_t in_cur = 0;
  WallTime read{};  // when the mailbox itself was last read; what came since was added
  Amount limit{};   // what it may hold, where who has counted knows it
  // Standing::forgotten before it was read. A mailbox that was forgotten since is not known by it.
  std::uint64_t forgotten = std::numeric_limits<std::uint64_t>::max();
};

// What an operator is shown of a mailbox.
struct Room {
  std::string mailbox;
  Amount used, limit, promised;
  WallTime counted{};
};

enum class Grant : std::uint8_t {
  granted,
  larger,        // than the mailbox may be
  full,          // it holds too much
  full_for_now,  // too much is promised, or it was not counted lately
};

class Rooms {
 public:
  static constexpr std::size_t kRows = 8192;
  static constexpr std::size_t kPromises = std::size_t{1} << 16U;
  // A mailbox with a longer name is not known. RFC 5321 section 4.5.3.1, with room to spare.
  static constexpr std::size_t kMaxName = 320;

  // How long promises last: that of a session, which asks again at the end of its data; that of a
  // message, since it was accepted or last attempted.
  static constexpr std::chrono::minutes kHeld{15};
  static constexpr std::chrono::hours kAccepted{2};
  // A count that is older refuses nobody for good, as mail may have been removed since.
  static constexpr std::chrono::minutes kFresh{5};
  // Who asked for a count and got none for so long takes it that nobody counts.
  static constexpr std::chrono::minutes kPatience{1};

  // Maps `path`, and makes it if it is not there. Invalid: the file is something else; temporary:
  // the file system is full.
  static Result<Rooms> open(const std::string& path);
  // The same, but not_found if it is not there.
  static Result<Rooms> open_existing(const std::string& path);
  // Of this process alone: for tests, and where the file cannot be had.
  Rooms();
  Rooms(Rooms&&) noexcept;
  Rooms& operator=(Rooms&&) noexcept;
  ~Rooms();

  // All below: from any thread. `mailbox` is user@domain as the directory knows it.

  // Room for `amount` in a mailbox that may hold `limit`, promised to `token`, which no other
  // living session has; what it was promised there before is given back.
  Grant promise(std::string_view mailbox, std::string_view token, const Amount& amount,
                const Amount& limit, WallTime now);
  // What promise() would grant to one who has no promise yet; nothing is kept.
  Grant would_promise(std::string_view mailbox, const Amount& amount, const Amount& limit,
                      WallTime now);
  // promise() for the message `id`; what was promised to `token` is its own in any case.
  Grant accept(std::string_view mailbox, std::string_view token, std::string_view id,
               const Amount& amount, const Amount& limit, WallTime now);
  // What was promised to a token or to a message is given back.
  void withdraw(std::string_view mailbox, std::string_view to);

  // One at a time delivers into a mailbox, of all threads and processes of this host. Temporary:
  // another has kept it for longer than that. Blocks: for worker threads.
  class Turn;
  static constexpr std::chrono::milliseconds kTurnPatience{5000};
  Result<Turn> take_turn(std::string_view mailbox,
                         std::chrono::milliseconds patience = kTurnPatience) const;

  // What is known of a mailbox, and what of its room is not for the message `id`.
  struct Standing {
    std::optional<Count> count;
    Amount promised;           // to others
    bool has_promise = false;  // `id`
    WallTime counted{};        // when `count` was last known to be true
    // The percentage of its quota that its user was last told of, 0: none; nothing: not known.
    std::optional<std::uint64_t> told;
    std::uint64_t forgotten = 0;  // how often any mailbox was, by forget()
  };
  Standing look(std::string_view mailbox, std::string_view id) const;
  // What was counted by now; and the message `id` is in it, its promise over.
  void counted(std::string_view mailbox, const Count& count, WallTime now);
  void delivered(std::string_view mailbox, std::string_view id, const Count& count, WallTime now);
  void set_told(std::string_view mailbox, std::uint64_t percent, WallTime now);
  // The message was attempted and is tried again: it keeps what it was promised.
  void renew(std::string_view mailbox, std::string_view id, WallTime now);
  // Mail was removed: what the mailbox holds is not known until it is counted, which is asked for.
  // A count that was under way meanwhile is dropped.
  void forget(std::string_view mailbox);
  // Whoever was to count it could not: nothing is known of it, and the next who would refuse mail
  // for it asks again. Or not in time: what is known stays, and others have their turn first.
  void not_counted(std::string_view mailbox);
  void not_counted_yet(std::string_view mailbox, WallTime now);
  // Whether a count was asked for: one read of memory. And of which mailboxes, at most so many,
  // those first that were asked for first.
  bool is_count_wanted() const noexcept;
  std::vector<std::string> wanted(std::size_t most) const;
  // Those that were counted.
  std::vector<Room> list() const;

 private:
  struct Row;
  struct Promise;
  struct File;
  class Change;
  explicit Rooms(std::unique_ptr<File> file);
  // `before` is given back, `key` kept until then.
  Grant promise(std::string_view mailbox, std::uint64_t before, std::uint64_t key,
                const Amount& amount, const Amount& limit, WallTime now, WallTime until);
  static Grant judge(const File& file, Row& row, const Amount& amount, const Amount& limit,
                     WallTime now);
  // Of the mailbox's row, which is made if it is not there; granted where there is no place for it.
  struct Judgement {
    Grant grant = Grant::granted;
    Row* row = nullptr;
  };
  static Judgement ask(const File& file, std::string_view mailbox, const Amount& amount,
                       const Amount& limit, WallTime now);
  template <typename Opened>
  static Result<Rooms> reserved(Opened opened, const std::string& path);

  std::unique_ptr<File> file_;
};

}  // namespace postrider::quota
