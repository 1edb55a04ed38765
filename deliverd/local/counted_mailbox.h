// counted_mailbox.h - one message into a mailbox that has a quota: it is counted and stored in one
// step, so that no two deliveries take a mailbox beyond its quota.
//
// What the mailbox holds is kept in quota::Rooms with the times at which new/ and cur/ were last
// changed, and believed while these are the same; each delivery adds to it. The times are told in
// ticks: what another program adds within a tick of ours does not show, and counts when the mailbox
// is read anew, kBelieved later at the latest. Nobody is turned away for what was kept in a way
// that leaves a doubt: the mailbox is read first.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/maildir/delivery.h"
#include "common/quota/rooms.h"
#include "deliverd/local/warning.h"

namespace postrider::deliverd {

// What one message is in one mailbox. All of it outlives the question.
struct CountedMessage {
  const std::string& mailbox;  // user@domain
  const std::string& path;     // mailbox_path()
  const std::string& base;     // base_name()
  std::string_view id;
  quota::Amount limit;
};

struct TurnedAway {
  enum class Why {
    larger,    // than the mailbox may be
    full,      // it holds too much
    promised,  // its room is for messages that were promised it; this one was not
  };
  Why why = Why::full;
  quota::Reached reached = quota::Reached::octets;
  quota::Amount used;  // by others
};

struct Stored {
  maildir::Placed placed = maildir::Placed::now;
  std::uint64_t warned = 0;  // the percentage of the quota that its user was told of now; 0: none
};

// What came of it.
using CountedOutcome = std::variant<Stored, TurnedAway, maildir::DeliveryError>;

class CountedMailbox {
 public:
  static constexpr std::chrono::minutes kBelieved{10};
  // What was changed so long before it was read has been read.
  static constexpr std::chrono::seconds kTick{1};

  // `rooms`, `mail_directory` (a descriptor of paths.mail) and `warnings` outlive it; null: nobody
  // is told how full it is.
  CountedMailbox(quota::Rooms& rooms, int mail_directory, const CountedMessage& message,
                 WallTime now, const Warnings* warnings = nullptr)
      : rooms_(rooms),
        mail_directory_(mail_directory),
        message_(message),
        now_(now),
        warnings_(warnings) {}

  // Commits `delivery`, if there is room for it or an earlier attempt found some: what that stored
  // is not to be returned to its sender. Whoever has had a promise has it no more, unless the
  // outcome is an error. Blocks.
  CountedOutcome store(maildir::Delivery& delivery, maildir::Delivery::Attempt attempt,
                       maildir::Sync sync);

  // Counts the mailbox, if what is known of it is not sure, and tells it.
  Result<void> count(const quota::Rooms::Turn& turn);

 private:
  std::optional<quota::Count> kept() const;
  bool is_certain() const;
  Result<void> read();
  bool has_room(const quota::Amount& size);
  bool was_deleted() const;
  CountedOutcome commit(maildir::Delivery& delivery, maildir::Delivery::Attempt attempt,
                        maildir::Sync sync);
  bool is_alone(const maildir::Delivery::Renamed& renamed) const;
  CountedOutcome turn_away(const quota::Amount& size);
  std::uint64_t warn(const quota::Amount& before, maildir::Sync sync);

  quota::Rooms& rooms_;
  const int mail_directory_;
  const CountedMessage message_;
  const WallTime now_;
  const Warnings* const warnings_;
  quota::Rooms::Standing standing_;
  quota::Count count_;           // of the others
  bool stored_already_ = false;  // by an earlier attempt
  TurnedAway refusal_;
};

}  // namespace postrider::deliverd
