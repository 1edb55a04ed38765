// login_table.h - what is remembered of the logins of each user: a database in paths.data, one of
// each service, as the daemons of two services may belong to two users of the host.
//
// Every call blocks: for worker threads, and the command.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/directory/credentials.h"
#include "common/sqlite/sqlite.h"

namespace postrider::auth {

struct LoginRecord {
  struct Event {
    WallTime when;
    std::string client;  // its address
    bool operator==(const Event&) const = default;
  };
  std::optional<Event> last_login;
  std::uint64_t failures = 0;  // since then
  std::optional<Event> last_failure;
  bool operator==(const LoginRecord&) const = default;

  void add_login(Event login);
  void add_failure(Event failure);
  // What came after.
  void add(const LoginRecord& later);
};

// By mailbox, user@domain.
using LoginRecords = std::map<std::string, LoginRecord, std::less<>>;

class LoginTable {
 public:
  // "pop3d/logins.db" below `data_directory`: in a folder of that daemon's own, which is made where
  // it is missing.
  static std::string path(std::string_view data_directory, directory::Service service);
  // Where it is, and nothing else.
  static std::string folder(std::string_view data_directory, directory::Service service);

  // Makes it where it is missing.
  static Result<LoginTable> open(const std::string& path);

  // Adds what came since, all or nothing.
  Result<void> add(const LoginRecords& records);

  // What the services at `data_directory` know together; of one that has no table yet, nothing.
  static Result<LoginRecords> read(std::string_view data_directory);
  // Forgets a user in one of them. It writes a daemon's file: with that daemon's rights alone, as
  // what SQLite finds beside a file may name others, to be removed.
  static Result<void> forget(std::string_view data_directory, directory::Service service,
                             std::string_view mailbox);

 private:
  explicit LoginTable(sqlite::Database database) : database_(std::move(database)) {}

  sqlite::Database database_;
};

}  // namespace postrider::auth
