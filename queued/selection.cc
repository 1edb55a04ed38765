#include "queued/selection.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/base/pattern.h"
#include "common/base/timestamp.h"

namespace postrider::queued {

namespace {

constexpr std::array kStates{MessageState::deferred, MessageState::active, MessageState::held,
                             MessageState::deleted};
// Ids that to_text() names.
constexpr int kNamedIds = 5;

bool contains_ignoring_case(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [](char a, char b) { return ascii_lower(a) == ascii_lower(b); }) != text.end();
}

bool fits(const std::string& pattern, std::string_view text) {
  return pattern.empty() || matches_pattern(pattern, text);
}

// "mx.example.org[192.0.2.1]" is meant by all of it, by its name and by its address.
bool is_remote(const std::string& pattern, std::string_view remote) {
  const std::size_t bracket = remote.find('[');
  if (remote.empty()) return false;
  if (matches_pattern(pattern, remote)) return true;
  if (bracket == std::string_view::npos || !remote.ends_with(']')) return false;
  return matches_pattern(pattern, remote.substr(0, bracket)) ||
         matches_pattern(pattern, remote.substr(bracket + 1, remote.size() - bracket - 2));
}

// "smtp:mx.example.org:25" likewise, by its host and with its port; "mx:example.org" by the domain;
// of several any.
bool is_next_hop(const std::string& pattern, std::string_view next_hop) {
  if (matches_pattern(pattern, next_hop)) return true;
  if (const std::size_t comma = next_hop.find(','); comma != std::string_view::npos)
    return is_next_hop(pattern, next_hop.substr(0, comma)) ||
           is_next_hop(pattern, next_hop.substr(comma + 1));
  const std::size_t scheme = next_hop.find(':');
  if (scheme == std::string_view::npos) return false;
  const std::string_view server = next_hop.substr(scheme + 1);
  return matches_pattern(pattern, server) ||
         matches_pattern(pattern, server.substr(0, server.rfind(':')));
}

}  // namespace

Selection::Selection(const ipc::Filter& filter, States states)
    : states_(states),
      ids_(filter.ids().begin(), filter.ids().end()),
      domain_(filter.domain()),
      sender_(filter.sender()),
      recipient_(filter.recipient()),
      reason_(filter.reason()),
      host_(filter.host()) {
  empty_ = !filter.all() && ids_.empty() && filter.state().empty() && sender_.empty() &&
           filter.arrived_before_us() == 0 && !asks_for_recipient();
  if (filter.arrived_before_us() != 0)
    arrived_before_ = WallTime(std::chrono::microseconds(filter.arrived_before_us()));
  const auto named = std::find_if(kStates.begin(), kStates.end(), [&](MessageState state) {
    return word_for(state) == filter.state();
  });
  if (named != kStates.end()) state_ = *named;
  if (!state_ && !filter.state().empty()) states_ = {};
}

Selection Selection::among(Ids ids) const {
  POSTRIDER_CHECK(!ids.empty());
  Selection narrower = *this;
  narrower.ids_ = std::move(ids);
  return narrower;
}

bool Selection::asks_for_recipient() const noexcept {
  return left_out_ || !domain_.empty() || !recipient_.empty() || !reason_.empty() || !host_.empty();
}

bool Selection::meets(const MessageView& message) const {
  if (empty_ || !states_.has(message.state) || (state_ && *state_ != message.state)) return false;
  if (leaves_out_expired_ && message.expired) return false;
  if (!ids_.empty() && ids_.find(message.id) == ids_.end()) return false;
  if (arrived_before_ && message.arrival >= *arrived_before_) return false;
  return sender_ == "<>" ? message.sender.empty() : fits(sender_, message.sender);
}

bool Selection::meets(const MessageView& message, const RecipientView& recipient) const {
  return left_out_ != recipient.via && fits(recipient_, recipient.address) &&
         fits(domain_, domain_of(recipient.address)) &&
         (host_.empty() || is_remote(host_, recipient.remote) ||
          is_next_hop(host_, recipient.next_hop)) &&
         (reason_.empty() || contains_ignoring_case(recipient.reply, reason_) ||
          contains_ignoring_case(recipient.status, reason_) ||
          contains_ignoring_case(message.hold_reason, reason_));
}

bool Selection::means(const MessageData& data, MessageState state,
                      std::string_view hold_reason) const {
  const MessageView message{.id = data.id.view(),
                            .sender = data.sender(),
                            .arrival = data.arrival,
                            .state = state,
                            .hold_reason = hold_reason,
                            .expired = data.expired};
  if (!meets(message)) return false;
  if (!asks_for_recipient()) return true;
  return std::any_of(data.recipients.begin(), data.recipients.end(), [&](const Recipient& one) {
    return !is_final(one.state) && meets(message, view_of(one));
  });
}

std::string_view domain_of(std::string_view address) noexcept {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

std::string_view word_for(MessageState state) noexcept {
  switch (state) {
    case MessageState::deferred: return "deferred";
    case MessageState::active: return "active";
    case MessageState::held: return "held";
    default: return "deleted";
  }
}

RecipientView view_of(const Recipient& recipient) {
  return {.address = recipient.address,
          .next_hop = recipient.next_hop,
          .status = recipient.status,
          .reply = recipient.reply,
          .remote = recipient.remote,
          .via = recipient.via};
}

std::string to_text(const ipc::Filter& filter) {
  std::string text = filter.all() ? "--all" : "";
  const auto add = [&text](std::string_view option, std::string_view value) {
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : " ", option, value);
  };
  add("--domain", filter.domain());
  add("--sender", filter.sender());
  add("--recipient", filter.recipient());
  add("--state", filter.state());
  add("--reason", filter.reason());
  add("--host", filter.host());
  if (filter.arrived_before_us() != 0)
    add("--before", to_timestamp(WallTime(std::chrono::microseconds(filter.arrived_before_us()))));
  for (int i = 0; i < std::min(filter.ids_size(), kNamedIds); ++i) add("--id", filter.ids(i));
  if (filter.ids_size() > kNamedIds)
    text += fmt::format(" and {} more", filter.ids_size() - kNamedIds);
  return text;
}

}  // namespace postrider::queued
