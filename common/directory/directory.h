// directory.h - domains, users and aliases: the questions the daemons ask.
//
// An interface, asynchronous so that LDAP or PostgreSQL can stand behind it; SqliteDirectory is the
// first. A directory that cannot answer is an Error of kind temporary, never "no such user".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"

namespace postrider::directory {

// How much a mailbox may hold; 0: there is no limit.
struct Quota {
  std::uint64_t octets = 0;
  std::uint64_t messages = 0;
  bool operator==(const Quota&) const = default;
};

// What an address is to this host. `user+tag@domain` is found as user@domain unless the address
// with its tag is itself an alias.
struct RecipientAnswer {
  enum class Kind {
    foreign,       // the domain is not ours
    unknown_user,  // the domain is ours, the user is not there
    mailbox,       // `mailbox` names it
    alias,         // `targets` are its addresses; they may be aliases again
    disabled,      // a user or a domain of ours that takes no mail any more
  };
  Kind kind = Kind::foreign;
  std::string mailbox;  // user@domain in lower case, without the tag
  std::vector<std::string> targets;
  Quota quota = {};           // of the mailbox
  std::string reason = {};    // why there is no such user, where that is worth a word
  bool bounces_only = false;  // it takes messages from <> alone
};

class Directory {
 public:
  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  virtual ~Directory() = default;

  // `address` is local-part@domain as SMTP gave it, without quotes around the local part;
  // "postmaster" alone is postmaster of the host's own domain (RFC 5321 section 4.1.1.3).
  [[nodiscard]] virtual PendingPtr find_recipient(
      std::string_view address, UniqueFunction<void(Result<RecipientAnswer>)> done) = 0;
};

}  // namespace postrider::directory
