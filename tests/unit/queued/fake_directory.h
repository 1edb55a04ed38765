// fake_directory.h - who lives here, in a test's hand.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ascii.h"
#include "common/directory/directory.h"
#include "common/event/event_loop.h"

namespace postrider::test {

// "local.test" is ours: what `aliases` has are aliases, "nobody" is unknown, all others mailboxes,
// in lower case and without a tag.
class FakeDirectory final : public directory::Directory {
 public:
  explicit FakeDirectory(event::EventLoop& loop) : loop_(loop) {}

  std::map<std::string, std::vector<std::string>> aliases;
  directory::Quota quota;  // of each mailbox
  bool broken = false;

  PendingPtr find_recipient(
      std::string_view address,
      UniqueFunction<void(Result<directory::RecipientAnswer>)> done) override {
    auto alive = std::make_shared<bool>(true);
    loop_.defer([alive, answer = find(std::string(address)), done = std::move(done)]() mutable {
      if (*alive) done(std::move(answer));
    });
    struct Cancel final : Pending {
      explicit Cancel(std::shared_ptr<bool> a) : alive(std::move(a)) {}
      ~Cancel() override { *alive = false; }
      std::shared_ptr<bool> alive;
    };
    return std::make_unique<Cancel>(alive);
  }

 private:
  Result<directory::RecipientAnswer> find(const std::string& address) {
    using Kind = directory::RecipientAnswer::Kind;
    if (broken) return fail(ErrorKind::temporary, "no database");
    if (const auto it = aliases.find(address); it != aliases.end())
      return directory::RecipientAnswer{.kind = Kind::alias, .targets = it->second};
    const std::string lower = to_lower(address);
    const std::size_t at = lower.rfind('@');
    if (at == std::string::npos || lower.substr(at) != "@local.test")
      return directory::RecipientAnswer{};
    const std::string user = lower.substr(0, std::min(at, lower.find('+')));
    if (user == "nobody") return directory::RecipientAnswer{.kind = Kind::unknown_user};
    return directory::RecipientAnswer{
        .kind = Kind::mailbox, .mailbox = user + lower.substr(at), .quota = quota};
  }

  event::EventLoop& loop_;
};

}  // namespace postrider::test
