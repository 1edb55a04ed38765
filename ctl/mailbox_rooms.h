// mailbox_rooms.h - how full the mailboxes are that have a quota, as deliverd has counted them: no
// mailbox is read for it. What nobody was delivered to since the host was started is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/config/settings.h"
#include "common/directory/account.h"
#include "common/quota/rooms.h"

namespace postrider::ctl {

class MailboxRooms {
 public:
  // From this percentage on `postrider status` names a mailbox; so many of them.
  static constexpr std::uint64_t kNearlyFull = 80;
  static constexpr std::size_t kMostNamed = 10;

  // Empty where no daemon has run yet, or its file may not be read.
  explicit MailboxRooms(const config::Settings& settings);

  // Null: it is not known.
  const quota::Room* find(std::string_view mailbox) const;
  // Those of `users` that are nearly full, the fullest first.
  std::vector<quota::Room> nearly_full(const std::vector<directory::User>& users) const;

 private:
  std::vector<quota::Room> rooms_;  // by name
};

// What the mailbox of a user may hold.
quota::Amount limit_of(const directory::User& user);
// What is used of `limit`: null where it is not known.
nlohmann::json to_json(const quota::Room* room, const quota::Amount& limit);
// "4.1GiB and 812 messages, 82 %", and which limit is reached; empty: not known.
std::string described(const quota::Room* room, const quota::Amount& limit);
// The lines and the JSON of `postrider status`.
std::string to_text(const std::vector<quota::Room>& rooms);
nlohmann::json to_json(const std::vector<quota::Room>& rooms);

}  // namespace postrider::ctl
