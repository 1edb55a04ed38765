// credentials.h - who may log in: the questions that pop3d and smtpd ask about passwords.
//
// A user has one main password, and any number of app passwords, each for some services. An unknown
// user cannot be told from a wrong password, in words or in time; nor can one whose hash is another
// program's: what is to be done about that the operator reads in the log. An interface,
// asynchronous so that LDAP or PostgreSQL can stand behind it; SqliteCredentials is the first. Who
// cannot answer gives an Error of kind temporary, never "wrong password".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ascii.h"
#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/base/unique_function.h"
#include "common/directory/keepings.h"
#include "common/sasl/server_exchange.h"

namespace postrider::directory {

// What a login is for.
enum class Service : std::uint8_t { smtp, pop3 };

struct LoginAnswer {
  bool accepted = false;
  std::string mailbox;  // user@domain in lower case; when refused, empty if there is no such user
  std::string app_password;  // the name of that which was given; empty: the main one
  std::string_view reason;   // when refused, for the log alone; lives as long as the program
  Keeping keeping = {};      // of the mailbox, when accepted
  std::uint64_t secret = 0;  // tells the password that was given from the next, when accepted
};

// What is known of a user's passwords for SCRAM. Of an unknown user, or one without passwords, it
// looks the same but has no keys.
struct ScramAnswer {
  sasl::ScramUser user;
  std::vector<LoginAnswer> logins;  // what it means that a client proves each of user.keys
  std::string_view reason;          // why a client that proves none is refused; as of LoginAnswer
  std::string mailbox = {};         // as of LoginAnswer
};

class Credentials {
 public:
  Credentials() = default;
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  virtual ~Credentials() = default;

  // `address` is user@domain as the client gave it. Verifies off the loop (argon2id), at most a few
  // at a time; an error when too many wait. One that is cancelled before its turn costs no hash.
  [[nodiscard]] virtual PendingPtr verify_password(
      std::string_view address, Secret password, Service service,
      UniqueFunction<void(Result<LoginAnswer>)> done) = 0;

  [[nodiscard]] virtual PendingPtr find_scram_keys(
      std::string_view address, Service service,
      UniqueFunction<void(Result<ScramAnswer>)> done) = 0;

  // Whether who was accepted as `login`, but not by verify_apop(), would be now: the user is there,
  // may log in, and the password that was given is still one. From memory or an index, without a
  // hash.
  [[nodiscard]] virtual PendingPtr confirm(const LoginAnswer& login, Service service,
                                           UniqueFunction<void(Result<LoginAnswer>)> done) = 0;

  // Whom the client says to be, by the one name that all names of a mailbox lead to: what counts
  // against an account, whether there is such a user or not. In lower case; as given where the
  // directory cannot answer. From memory or an index: it does not block.
  virtual std::string account_of(std::string_view address) { return to_lower(address); }

  // POP3's own way (RFC 1939 section 7): whether `digest` is that of `timestamp` and the secret
  // that was made for it, which is none of the user's passwords. A user without one is refused as
  // for a wrong password.
  [[nodiscard]] virtual PendingPtr verify_apop(std::string_view address, std::string_view timestamp,
                                               std::string_view digest,
                                               UniqueFunction<void(Result<LoginAnswer>)> done) = 0;
};

}  // namespace postrider::directory
