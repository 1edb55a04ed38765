#include "common/auth/login_table.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace postrider::auth {

namespace {

using directory::Service;

constexpr std::array kServices{Service::smtp, Service::pop3};
constexpr mode_t kFolderMode = 0700;

constexpr std::array kLoginSchema{R"(
CREATE TABLE logins (
  mailbox        TEXT NOT NULL PRIMARY KEY,
  login          INTEGER,                   -- the last: microseconds since 1970; NULL: none
  login_client   TEXT,
  failures       INTEGER NOT NULL,          -- since then
  failure        INTEGER,                   -- as login
  failure_client TEXT
) STRICT, WITHOUT ROWID;
)"};

// The worker that noted the later event may write first. Failures before the last login are over;
// of those of one writing, all count where the last of them does.
constexpr std::string_view kAdd = R"(
INSERT INTO logins (mailbox, login, login_client, failures, failure, failure_client)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (mailbox) DO UPDATE SET
  login          = iif(excluded.login > ifnull(login, 0), excluded.login, login),
  login_client   = iif(excluded.login > ifnull(login, 0), excluded.login_client, login_client),
  failures       = iif(ifnull(excluded.login, 0) < ifnull(failure, 0), failures, 0)
                   + iif(ifnull(login, 0) < ifnull(excluded.failure, 0), excluded.failures, 0),
  failure        = iif(excluded.failure > ifnull(failure, 0), excluded.failure, failure),
  failure_client = iif(excluded.failure > ifnull(failure, 0), excluded.failure_client, failure_client)
)";

constexpr std::string_view kRead =
    "SELECT mailbox, login, login_client, failures, failure, failure_client FROM logins";

// Of a file that is a daemon's, who may have put something else in its place.
bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode);
}

std::optional<std::int64_t> time_of(const std::optional<LoginRecord::Event>& event) {
  if (!event) return std::nullopt;
  return event->when.time_since_epoch().count();
}

std::optional<LoginRecord::Event> event_at(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return LoginRecord::Event{WallTime(std::chrono::microseconds(row.integer(column))),
                            std::string(row.text(column + 1))};
}

bool is_later(const std::optional<LoginRecord::Event>& a,
              const std::optional<LoginRecord::Event>& b) {
  return a && (!b || b->when < a->when);
}

// What two services know of one user. The failures of each are those since the last login there;
// they are over when a login at the other came after the last of them.
void merge(LoginRecord& into, const LoginRecord& other) {
  if (is_later(other.last_login, into.last_failure)) into.failures = 0;
  if (!is_later(into.last_login, other.last_failure)) into.failures += other.failures;
  if (is_later(other.last_login, into.last_login)) into.last_login = other.last_login;
  if (is_later(other.last_failure, into.last_failure)) into.last_failure = other.last_failure;
}

Result<void> read_into(LoginRecords& records, const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  if (!database) return pass_on(database.error());
  auto rows = database->prepare(kRead);
  if (!rows) return pass_on(rows.error());
  while (true) {
    const auto row = rows->step();
    if (!row) return pass_on(row.error());
    if (!*row) return {};
    merge(records[std::string(rows->text(0))],
          {event_at(*rows, 1), static_cast<std::uint64_t>(rows->integer(3)), event_at(*rows, 4)});
  }
}

Result<void> forget_at(const std::string& path, std::string_view mailbox) {
  auto database = sqlite::Database::open(path, sqlite::Access::write);
  if (!database) return pass_on(database.error());
  auto statement = database->prepare("DELETE FROM logins WHERE mailbox = ?1");
  if (!statement) return pass_on(statement.error());
  return statement->bind(mailbox).run();
}

}  // namespace

void LoginRecord::add_login(Event login) {
  last_login = std::move(login);
  failures = 0;
}

void LoginRecord::add_failure(Event failure) {
  last_failure = std::move(failure);
  ++failures;
}

void LoginRecord::add(const LoginRecord& later) {
  if (later.last_login) add_login(*later.last_login);
  failures += later.failures;
  if (later.last_failure) last_failure = later.last_failure;
}

std::string LoginTable::path(std::string_view data_directory, Service service) {
  return folder(data_directory, service) + "/logins.db";
}

std::string LoginTable::folder(std::string_view data_directory, Service service) {
  return fmt::format("{}/{}", data_directory, service == Service::smtp ? "smtpd" : "pop3d");
}

Result<LoginTable> LoginTable::open(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST)
    return fail_errno(folder, errno);
  auto database = sqlite::Database::open(path, sqlite::Access::create);
  if (!database) return pass_on(database.error());
  if (auto done = database->migrate(kLoginSchema); !done) return pass_on(done.error());
  return LoginTable(std::move(*database));
}

Result<void> LoginTable::add(const LoginRecords& records) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(transaction.error());
  auto statement = database_.prepare(kAdd);
  if (!statement) return pass_on(statement.error());
  // Bound octets live until the execution ends.
  const auto client = [](const std::optional<LoginRecord::Event>& event) {
    return event ? std::string_view(event->client) : std::string_view();
  };
  for (const auto& [mailbox, record] : records)
    if (auto done =
            statement
                ->bind(mailbox, time_of(record.last_login), client(record.last_login),
                       record.failures, time_of(record.last_failure), client(record.last_failure))
                .run();
        !done)
      return done;
  return transaction->commit();
}

Result<LoginRecords> LoginTable::read(std::string_view data_directory) {
  LoginRecords records;
  for (const Service service : kServices)
    if (const std::string file = path(data_directory, service); exists(file))
      if (auto done = read_into(records, file); !done) return pass_on(done.error());
  return records;
}

Result<void> LoginTable::forget(std::string_view data_directory, Service service,
                                std::string_view mailbox) {
  const std::string file = path(data_directory, service);
  return exists(file) ? forget_at(file, mailbox) : Result<void>();
}

}  // namespace postrider::auth
