// room_promises.h - the room that was promised to one message in the mailboxes of its recipients
// that have a quota (quota/rooms.h): from RCPT, by the size that MAIL declared, until the message
// is refused, or is durable, by the size that it has. Whoever goes without a word gives it back.
// A stranger's word holds no room before the message is there: many who declare much, and send
// nothing, would shut the mailbox to all others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/directory/directory.h"
#include "common/quota/rooms.h"
#include "common/smtp/reply.h"

namespace postrider::checks {

class Policy;

class RoomPromises {
 public:
  // The least that we put before a message: Return-Path, Delivered-To, Received.
  static constexpr std::uint64_t kTrace = 256;

  // The Policy outlives it.
  explicit RoomPromises(Policy& policy) : policy_(policy) {}
  RoomPromises(const RoomPromises&) = delete;
  RoomPromises& operator=(const RoomPromises&) = delete;
  ~RoomPromises() { give_back(); }

  enum class Hold : std::uint8_t { from_rcpt, from_the_end };

  // For one more recipient, the mailbox of `answer`; granted where it has no quota or nothing is
  // asked. `declared`: the size of the message, 0: not known.
  quota::Grant ask(const directory::RecipientAnswer& answer, std::uint64_t declared, Hold hold);
  // The last recipient that was asked for is none.
  void give_back_last();
  void give_back();

  // The end of the message `id`: it has so many octets with its trace fields, and so many
  // recipients in all. The reply that refuses it, where none of them has room. Where some have, it
  // is taken in for the others too: it waits in the queue for their room.
  std::optional<smtp::Reply> accept(std::string_view id, std::uint64_t octets,
                                    std::size_t recipients);
  // What was accepted is durable; or could not be stored. Until one of both is said it is kept,
  // whoever goes.
  void keep() { accepted_.clear(); }
  void lose();

  // Recipients of the message that was accepted who have no room for it.
  std::size_t without_room() const noexcept { return without_room_; }

 private:
  struct Promised {
    std::string mailbox;
    quota::Amount limit;
    bool asked = false;  // else there was nothing to ask
  };

  quota::Grant ask_at_end(const Promised& one, std::string_view id, std::uint64_t octets);

  Policy& policy_;
  void withdraw(const std::vector<Promised>& all, const std::string& from);

  std::string token_;    // of the promises of the session
  std::string message_;  // that of those that were accepted
  std::vector<Promised> promised_;
  std::vector<Promised> accepted_;  // of the message that is being stored
  std::size_t without_room_ = 0;
};

}  // namespace postrider::checks
