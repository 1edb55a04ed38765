// selection.h - which messages an operator means: a filter, held against what is in memory and
// against the rows of queue.db alike. Pure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/ipc/messages.pb.h"
#include "queued/message.h"

namespace postrider::queued {

// Of which a message must be in one.
struct States {
  bool deferred = false;
  bool active = false;
  bool held = false;
  bool deleted = false;

  constexpr bool has(MessageState state) const noexcept {
    switch (state) {
      case MessageState::deferred: return deferred;
      case MessageState::active: return active;
      case MessageState::held: return held;
      default: return deleted;
    }
  }
};
inline constexpr States kInQueue{.deferred = true, .active = true, .held = true};
inline constexpr States kAnyState{.deferred = true, .active = true, .held = true, .deleted = true};

// What a filter asks of a message, and of a recipient.
struct MessageView {
  std::string_view id;
  std::string_view sender;
  WallTime arrival;
  MessageState state = MessageState::active;
  std::string_view hold_reason;
  bool expired = false;  // an operator has given it up
};
struct RecipientView {
  std::string_view address;
  std::string_view next_hop;
  std::string_view status;
  std::string_view reply;
  std::string_view remote;
  std::string_view via;
};

class Selection {
 public:
  using Ids = std::set<std::string, std::less<>>;

  explicit Selection(const ipc::Filter& filter, States states = kInQueue);

  // The same, of these messages alone; there is one.
  Selection among(Ids ids) const;

  // What goes by this route of an operator already is not meant.
  void leave_out(std::string via) { left_out_ = std::move(via); }
  // Nor what an operator has given up already.
  void leave_out_expired() { leaves_out_expired_ = true; }
  // Nor what is in memory and no verb can change any more.
  void leave_out_ending() { leaves_out_ending_ = true; }
  bool leaves_out_ending() const noexcept { return leaves_out_ending_; }

  // The messages that were named; empty: they were not.
  const Ids& ids() const noexcept { return ids_; }
  // Nothing was given: no message is meant.
  bool is_empty() const noexcept { return empty_; }

  // Whether the message is meant, as far as it can be said without its recipients.
  bool meets(const MessageView& message) const;
  // Whether one of its recipients must be asked for as well.
  bool asks_for_recipient() const noexcept;
  // Whether this one is asked for; precondition: it is still to be delivered.
  bool meets(const MessageView& message, const RecipientView& recipient) const;

  bool means(const MessageData& data, MessageState state, std::string_view hold_reason) const;

 private:
  States states_;
  bool empty_ = true;
  Ids ids_;
  std::optional<MessageState> state_;
  std::optional<WallTime> arrived_before_;
  std::optional<std::string> left_out_;
  bool leaves_out_expired_ = false;
  bool leaves_out_ending_ = false;
  std::string domain_, sender_, recipient_, reason_, host_;  // empty: any
};

// What an operator calls it: "deferred", "active", "held", "deleted".
std::string_view word_for(MessageState state) noexcept;

// What follows the last @; empty where there is none.
std::string_view domain_of(std::string_view address) noexcept;

// A recipient as a filter sees it; valid as long as `recipient`.
RecipientView view_of(const Recipient& recipient);

// The filter in the words of the command: "--domain example.org --state held". Ids are cut to the
// first few.
std::string to_text(const ipc::Filter& filter);

}  // namespace postrider::queued
