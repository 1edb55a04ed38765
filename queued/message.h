// message.h - a message in the queue's memory, while it is attempted.
//
// MessageData is what the old generation keeps on disk as well: values, copied freely between the
// loop and the store's thread. Message adds what lives only while it is active.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ascii.h"
#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/message_id.h"
#include "common/base/pending.h"
#include "common/directory/directory.h"
#include "common/message/report.h"
#include "common/smtp/notify.h"
#include "common/spool/envelope.pb.h"

namespace postrider::queued {

using message::ReportKind;

// The fate of one recipient, in this attempt and over all.
enum class RecipientState : std::uint8_t {
  waiting,      // to be routed and attempted
  attempted,    // a job for it waits or is under way
  deferred,     // this attempt did not finish it
  delivered,    // final, as are those that follow, whose numbers stand in queue.db
  failed,       // refused; reported to the sender at the end of the attempt
  expired,      // given up after the lifetime; reported as well
  expanded,     // an alias that was replaced by its targets
  turned_away,  // its destination took nothing: it was not attempted
};
constexpr bool is_final(RecipientState state) {
  return state >= RecipientState::delivered && state <= RecipientState::expanded;
}

// Where a message stands. The numbers stand in queue.db; in memory it is active, unless an
// operator's wish for it is still to be carried out.
enum class MessageState : std::uint8_t { deferred, active, held, deleted };

struct Recipient {
  std::string address;   // where it goes, after aliases
  std::string original;  // as the client gave it
  std::string notify;    // RFC 3461
  std::string orcpt;
  RecipientState state = RecipientState::waiting;
  std::string next_hop;  // of the last routing
  std::string via;     // an operator's route for it, as in a [[route]]; empty: the configuration's
  std::string status;  // of the last attempt: enhanced status code, the words, whose they are
  std::string reply;
  std::string remote;
  // Kept in memory alone: what `reply` answers, and the mailbox's quota as the last routing found
  // it.
  std::string command;
  directory::Quota quota = {};
  bool foreign = false;  // its domain is not ours
};

// Of what its sender wants to be told.
inline smtp::Notify notify_of(const Recipient& recipient) {
  return smtp::parse_notify(recipient.notify).value_or(smtp::Notify{});
}

inline bool is_open(const Recipient& recipient) { return !is_final(recipient.state); }

// An alias sends it on to a domain that is not ours.
inline bool is_forwarded(const Recipient& recipient) {
  return recipient.foreign && !equals_ignoring_case(recipient.address, recipient.original);
}

struct MessageData {
  MessageId id;
  WallTime arrival;
  spool::Envelope envelope;  // its recipients are in `recipients` alone
  std::uint64_t content_length = 0;
  std::uint64_t content_checksum = 0;
  std::vector<Recipient> recipients;
  std::uint32_t attempts = 0;
  bool warned = false;    // the sender was told of the delay, or does not want to be
  bool released = false;  // an operator released it: a route's hold: no longer holds it
  bool expired = false;   // an operator has given it up: it is not attempted again

  const std::string& sender() const noexcept { return envelope.sender(); }
  // RFC 4865: not to be sent before; long ago where nothing was said.
  WallTime release() const noexcept {
    return WallTime(std::chrono::microseconds(envelope.release_us()));
  }
  // From when its lifetime counts.
  WallTime born() const noexcept { return std::max(arrival, release()); }
};

inline bool any_open(const MessageData& data) {
  return std::any_of(data.recipients.begin(), data.recipients.end(), is_open);
}

// An open file of the spool from which jobs take content.
struct SourceFile {
  Fd fd;
};
using SourcePtr = std::shared_ptr<const SourceFile>;  // owners: messages, and jobs under way

// Where a message of the young generation stands.
struct YoungPlace {
  std::string segment;
  std::uint64_t record = 0;  // offset, its name in the .done file
  std::uint64_t length = 0;  // of the record, padding included
  bool large = false;        // content in a file of its own
};

// What an operator wants to happen with a message as soon as no job for it is under way.
enum class Wish : std::uint8_t {
  none,
  attempt,  // again, at once
  hold,
  remove,  // so that it can be undone for a while
  erase,   // for good
  expire,  // its sender is told
};

struct Message {
  MessageData data;
  std::optional<YoungPlace> young;  // empty: of the old generation
  bool row_as_well = false;         // young, and queue.db has a row of it: they end together
  SourcePtr source;                 // opened at the first job
  std::uint64_t content_offset = 0;
  std::string return_path;  // with which it leaves for where an alias sends it; empty: not known
  std::vector<std::uint64_t> delivered;  // keys of recipients that an earlier life delivered
  std::string called_by;                 // the destination that called for it, until it is in line
  bool repeated = false;                 // an earlier attempt may have ended unseen
  unsigned jobs = 0;                     // under way or waiting for their turn
  unsigned losses = 0;                   // jobs whose deliverd went away
  bool corrupt = false;                  // the content does not match its checksum
  // Recipients that met their fate in this attempt, by what their sender is to be told of it.
  std::map<ReportKind, std::vector<std::uint32_t>> to_report;
  bool leaving = false;       // its last change is with the store
  std::string held_by_route;  // a route holds some recipients: why
  Wish wish = Wish::none;
  std::string wish_reason;          // of the hold, of one that was deleted since as well
  unsigned routing = 0;             // recipients whose routing is not known yet
  std::vector<PendingPtr> pending;  // those, and the report that is being written
};

inline bool is_held(const Message& message) {
  return message.wish == Wish::hold || !message.held_by_route.empty();
}

// An operator has held or deleted it.
inline bool is_stopped(const Message& message) {
  return message.wish == Wish::hold || message.wish == Wish::remove || message.wish == Wish::erase;
}

// An operator has given it up.
inline bool is_given_up(const Message& message) {
  return message.wish == Wish::expire || message.data.expired;
}

// Nobody wants anything else than that it is delivered.
inline bool goes_on(const Message& message) {
  return !is_held(message) && (message.wish == Wish::none || message.wish == Wish::attempt);
}

}  // namespace postrider::queued
