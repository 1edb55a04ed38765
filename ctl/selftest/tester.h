// tester.h - the user of a selftest, who is made for it and gone with it, and what is left of such
// users where a test was killed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/config/settings.h"
#include "common/directory/editor.h"

namespace postrider::ctl {

// Whether the address is one that a test makes.
bool is_tester(std::string_view address) noexcept;

// What is left of a test that was killed is removed by a later test, once it is older than any that
// runs.
inline constexpr std::chrono::hours kAbandoned{1};
// Users, mailboxes without a user, and what is known of logins of users who are gone, which the
// daemons write some seconds after them. Goes on after an error, and returns the first.
Result<void> remove_abandoned(directory::DirectoryEditor& editor, const config::Settings& settings,
                              WallTime now);

class Tester {
 public:
  // In the first domain whose mail is delivered here. Both outlive it.
  static Result<Tester> make(directory::DirectoryEditor& editor, const config::Settings& settings);
  Tester(Tester&& other) noexcept
      : address(std::move(other.address)),
        password(std::move(other.password)),
        mailbox(std::move(other.mailbox)),
        editor_(other.editor_),
        settings_(other.settings_),
        is_made_(std::exchange(other.is_made_, false)) {}
  ~Tester() {
    if (is_made_) static_cast<void>(remove());
  }

  // The user and the mailbox, or why not.
  Result<void> remove();
  // The same where a message may still be in the queue: that goes first, so that it does not come
  // back as a report. Where it cannot be known, the user stays, for remove_abandoned().
  Result<void> withdraw();

  std::string address;
  Secret password;
  std::string mailbox;  // the folder that has its Maildir

 private:
  Tester(directory::DirectoryEditor& editor, const config::Settings& settings, std::string made);

  directory::DirectoryEditor& editor_;
  const config::Settings& settings_;
  bool is_made_ = false;
};

}  // namespace postrider::ctl
