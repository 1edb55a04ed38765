#include "ctl/mailbox_rooms.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/quota/open_rooms.h"
#include "common/quota/thresholds.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

std::uint64_t percent_of(const quota::Room& room) {
  return quota::percent_of(room.used, room.limit);
}

}  // namespace

MailboxRooms::MailboxRooms(const config::Settings& settings) {
  const auto rooms = quota::Rooms::open_existing(quota::rooms_path(settings.paths.run));
  if (!rooms) return;
  rooms_ = rooms->list();
  std::sort(rooms_.begin(), rooms_.end(),
            [](const quota::Room& a, const quota::Room& b) { return a.mailbox < b.mailbox; });
}

const quota::Room* MailboxRooms::find(std::string_view mailbox) const {
  const auto found = std::lower_bound(
      rooms_.begin(), rooms_.end(), mailbox,
      [](const quota::Room& room, std::string_view name) { return room.mailbox < name; });
  return found != rooms_.end() && found->mailbox == mailbox ? &*found : nullptr;
}

// By the quotas that are in force now: deliveries know those of the last message.
std::vector<quota::Room> MailboxRooms::nearly_full(
    const std::vector<directory::User>& users) const {
  std::vector<quota::Room> found;
  for (const directory::User& user : users) {
    const quota::Room* const known = find(user.address);
    if (known == nullptr) continue;
    quota::Room room = *known;
    room.limit = limit_of(user);
    if (percent_of(room) >= kNearlyFull) found.push_back(std::move(room));
  }
  std::stable_sort(found.begin(), found.end(), [](const quota::Room& a, const quota::Room& b) {
    return percent_of(a) > percent_of(b);
  });
  if (found.size() > kMostNamed) found.resize(kMostNamed);
  return found;
}

quota::Amount limit_of(const directory::User& user) {
  return {user.in_force.quota.value_or(0), user.in_force.quota_messages.value_or(0)};
}

json to_json(const quota::Room* room, const quota::Amount& limit) {
  if (room == nullptr) return {};
  return {{"octets", room->used.octets},
          {"messages", room->used.messages},
          {"promised_octets", room->promised.octets},
          {"promised_messages", room->promised.messages},
          {"percent", quota::percent_of(room->used, limit)},
          {"counted", iso_time(room->counted.time_since_epoch().count())}};
}

std::string described(const quota::Room* room, const quota::Amount& limit) {
  if (room == nullptr) return {};
  constexpr quota::Amount kLeast{1, 1};
  const quota::Reached full = quota::reached(room->used + kLeast, limit);
  return fmt::format("{} and {} messages, {} %{}", short_size(room->used.octets),
                     room->used.messages, quota::percent_of(room->used, limit),
                     full == quota::Reached::octets     ? ", full of octets"
                     : full == quota::Reached::messages ? ", full of messages"
                                                        : "");
}

std::string to_text(const std::vector<quota::Room>& rooms) {
  std::string text;
  for (const quota::Room& room : rooms)
    text += fmt::format("mailbox nearly full: {}: {}\n", printable(room.mailbox),
                        described(&room, room.limit));
  return text;
}

json to_json(const std::vector<quota::Room>& rooms) {
  json all = json::array();
  for (const quota::Room& room : rooms) {
    json one = to_json(&room, room.limit);
    one["mailbox"] = room.mailbox;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace postrider::ctl
