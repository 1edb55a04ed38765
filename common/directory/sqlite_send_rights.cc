// sqlite_send_rights.cc - as whom a user may send, from the users, aliases and grants of SQLite.
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/directory/address.h"
#include "common/directory/sqlite_directory.h"
#include "common/event/answer_later.h"

namespace postrider::directory {

PendingPtr SqliteDirectory::find_send_right(std::string_view mailbox, std::string_view address,
                                            UniqueFunction<void(Result<bool>)> done) {
  auto may = may_send(to_lower(mailbox), address);
  if (!may) may.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(may), std::move(done));
}

Result<bool> SqliteDirectory::may_send(const std::string& mailbox, std::string_view address) {
  auto reached = reaches(address, mailbox);
  if (!reached || *reached) return reached;
  // Who logged in elsewhere (XCLIENT) need not be a user of ours.
  if (!mailbox.empty() && equals_ignoring_case(address, mailbox)) return true;
  return is_granted(mailbox, address);
}

// Follows the aliases breadth first: who is named by the first of them is found at once.
Result<bool> SqliteDirectory::reaches(std::string_view address, const std::string& mailbox) {
  std::vector<std::string> reached{to_lower(address)};
  std::set<std::string> seen{reached.front()};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    auto answer = find(reached[i]);
    if (!answer) return pass_on(std::move(answer.error()));
    if (answer->kind == RecipientAnswer::Kind::mailbox && answer->mailbox == mailbox) return true;
    for (const std::string& target : answer->targets) {
      if (reached.size() >= kMaxReached) break;
      std::string next = to_lower(target);
      if (seen.insert(next).second) reached.push_back(std::move(next));
    }
  }
  return false;
}

Result<bool> SqliteDirectory::is_granted(std::string_view mailbox, std::string_view address) {
  const auto user = split_address(mailbox);
  const auto sender = split_address(address);
  if (!user || !sender) return false;
  const std::string one = sender->str();
  const std::string all = fmt::format("@{}", sender->domain);
  auto& granted = question(Question::granted);
  const auto row = granted
                       .bind(std::string_view(user->domain), std::string_view(user->local),
                             std::string_view(one), std::string_view(all))
                       .step();
  granted.reset();
  return row;
}

}  // namespace postrider::directory
