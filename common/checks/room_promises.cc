#include "common/checks/room_promises.h"

#include <algorithm>
#include <utility>

#include "common/checks/policy.h"

namespace postrider::checks {

using config::CheckAction;
using quota::Grant;

namespace {

// Return-Path and Delivered-To, as deliverd writes them, around the mailbox's name and the
// sender's, whose length is that of the longest path (RFC 5321 section 4.5.3.1.3).
std::uint64_t fields_for(const std::string& mailbox) {
  constexpr std::uint64_t kReturnPath = 16 + 256;
  constexpr std::uint64_t kDeliveredTo = 15;
  return kReturnPath + kDeliveredTo + mailbox.size();
}

}  // namespace

Grant RoomPromises::ask(const directory::RecipientAnswer& answer, std::uint64_t declared,
                        Hold hold) {
  Promised one{answer.mailbox, {answer.quota.octets, answer.quota.messages}};
  one.asked = policy_.rooms() != nullptr && quota::limits_something(one.limit) &&
              policy_.settings().checks.quota != CheckAction::off;
  promised_.push_back(one);
  if (!one.asked) return Grant::granted;
  quota::Rooms& rooms = *policy_.rooms();
  const quota::Amount amount{declared + kTrace, 1};
  const WallTime now = policy_.clock().now();
  if (hold == Hold::from_the_end) return rooms.would_promise(one.mailbox, amount, one.limit, now);
  if (token_.empty()) token_ = policy_.new_token();
  return rooms.promise(one.mailbox, token_, amount, one.limit, now);
}

// One that stands there twice has one promise.
void RoomPromises::give_back_last() {
  if (promised_.empty()) return;
  const Promised last = std::move(promised_.back());
  promised_.pop_back();
  const bool again = std::any_of(promised_.begin(), promised_.end(),
                                 [&](const Promised& one) { return one.mailbox == last.mailbox; });
  if (last.asked && !again && !token_.empty()) policy_.rooms()->withdraw(last.mailbox, token_);
}

void RoomPromises::give_back() {
  withdraw(promised_, token_);
  promised_.clear();
  token_.clear();
}

void RoomPromises::lose() {
  withdraw(accepted_, message_);
  accepted_.clear();
}

void RoomPromises::withdraw(const std::vector<Promised>& all, const std::string& from) {
  for (const Promised& one : all)
    if (one.asked && !from.empty()) policy_.rooms()->withdraw(one.mailbox, from);
}

Grant RoomPromises::ask_at_end(const Promised& one, std::string_view id, std::uint64_t octets) {
  return policy_.rooms()->accept(one.mailbox, token_, id, {octets + fields_for(one.mailbox), 1},
                                 one.limit, policy_.clock().now());
}

std::optional<smtp::Reply> RoomPromises::accept(std::string_view id, std::uint64_t octets,
                                                std::size_t recipients) {
  without_room_ = 0;
  const bool tagged = policy_.settings().checks.quota == CheckAction::tag;
  Grant last = Grant::granted;
  bool all_too_small = true;
  for (const Promised& one : promised_) {
    const Grant grant = one.asked ? ask_at_end(one, id, octets) : Grant::granted;
    if (grant == Grant::granted) continue;
    ++without_room_;
    all_too_small = all_too_small && grant == Grant::larger;
    if (last != Grant::full_for_now) last = grant;
  }
  if (without_room_ == 0 || without_room_ < recipients || (tagged && !all_too_small)) {
    message_ = id;
    accepted_ = std::exchange(promised_, {});
    token_.clear();
    return std::nullopt;
  }
  if (all_too_small)
    return smtp::Reply{552, "5.2.3",
                       "the message is larger than the mailbox of any of its recipients may be"};
  const bool for_good =
      last == Grant::full && policy_.settings().checks.quota == CheckAction::refuse;
  return for_good ? smtp::Reply{552, "5.2.2", "the recipient's mailbox is full"}
                  : smtp::Reply{452, "4.2.2", "the recipient's mailbox is full"};
}

}  // namespace postrider::checks
