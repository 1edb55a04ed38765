#include "common/sqlite/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "common/base/check.h"
#include "common/sqlite/snapshot.h"

namespace postrider::sqlite {

namespace {

ErrorKind kind_of(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return ErrorKind::invalid;
    default: return ErrorKind::temporary;
  }
}

// Whether a read of the file or of its log has failed since it was opened.
bool has_failed_to_read(sqlite3* database) noexcept {
  int of_file = 0;
  int of_log = 0;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database, nullptr, SQLITE_FCNTL_LAST_ERRNO, &of_file);
  sqlite3_file_control(database, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log);
  // One in memory has no such call.
  if (log != nullptr && log->pMethods != nullptr && log->pMethods->xFileControl != nullptr)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log);
  return of_file != 0 || of_log != 0;
}

tl::unexpected<Error> failure(File& file, sqlite3* database, int code) {
  // SQLite calls a page damaged that the disk did not give, as one that holds something else. (When
  // the disk gives pages again, a connection does not tell the two apart any more.)
  if ((code & 0xff) == SQLITE_CORRUPT && has_failed_to_read(database))
    return fail(ErrorKind::temporary, fmt::format("{}: disk I/O error", file.path));
  if (code == SQLITE_READONLY_ROLLBACK) {
    file.cut_off = true;
    return fail(ErrorKind::temporary,
                fmt::format("{}: a change was cut off in its middle, and is to be taken back by "
                            "somebody who may write the file",
                            file.path));
  }
  const char* text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  auto error = fail(kind_of(code), fmt::format("{}: {}", file.path, text));
  if (error.value().kind == ErrorKind::corrupt) {
    file.damaged = true;
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, static_cast<int*>(nullptr));
  }
  return error;
}

int flags_of(Access access) noexcept {
  // NOMUTEX: one thread at a time, as the header says.
  constexpr int kAlways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::read: return kAlways | SQLITE_OPEN_READONLY;
    case Access::read_still: return kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Access::write: return kAlways | SQLITE_OPEN_READWRITE;
    case Access::create:
    case Access::draft: return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return kAlways;
}

// "file:PATH?immutable=1", with what a URI would read as something else escaped.
std::string still_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

constexpr const char* kReaderSettings = "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;";
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA trusted_schema=OFF;";
constexpr const char* kRollbackWriterSettings =
    "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA trusted_schema=OFF;";
constexpr const char* kDraftSettings =
    "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    "PRAGMA trusted_schema=OFF;";

const char* settings_of(Access access, Journal journal) noexcept {
  switch (access) {
    case Access::read:
    case Access::read_still: return kReaderSettings;
    case Access::write:
    case Access::create: return journal == Journal::wal ? kWriterSettings : kRollbackWriterSettings;
    case Access::draft: return kDraftSettings;
  }
  return kReaderSettings;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

void Statement::note(int code) noexcept {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind_one(int position, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), position, value));
}

// An empty view may have no address, and SQLite would read that as NULL.
void Statement::bind_one(int position, std::string_view value) {
  note(sqlite3_bind_text64(statement_.get(), position, value.empty() ? "" : value.data(),
                           value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_one(int position, Blob value) {
  const std::string_view octets = value.octets;
  note(sqlite3_bind_blob64(statement_.get(), position, octets.empty() ? "" : octets.data(),
                           octets.size(), SQLITE_STATIC));
}

void Statement::bind_one(int position, std::nullptr_t) {
  note(sqlite3_bind_null(statement_.get(), position));
}

Statement& Statement::bind_row(const Statement& row) {
  reset();
  const int columns = sqlite3_data_count(row.statement_.get());
  for (int i = 0; i < columns; ++i)
    note(
        sqlite3_bind_value(statement_.get(), i + 1, sqlite3_column_value(row.statement_.get(), i)));
  return *this;
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) {
    const int code = bind_error_;
    reset();
    return fail(kind_of(code), fmt::format("{}: {}", file_->path, sqlite3_errstr(code)));
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = failure(*file_, sqlite3_db_handle(statement_.get()), code);
  reset();
  return error;
}

Result<void> Statement::run() {
  while (true) {
    const auto row = step();
    if (!row) return pass_on(row.error());
    if (!*row) return {};
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());  // repeats the error that step() has already reported
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const void* octets = sqlite3_column_blob(statement_.get(), column);
  if (octets == nullptr) return {};
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(octets), static_cast<std::size_t>(length)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Database::Database(sqlite3* database, std::string path)
    : file_(std::make_unique<File>(File{.path = std::move(path)})), database_(database) {}

Result<Database> Database::open(const std::string& path, Access access,
                                std::chrono::milliseconds busy_timeout, Journal journal) {
  sqlite3* raw = nullptr;
  const std::string name = access == Access::read_still ? still_uri(path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags_of(access), nullptr);
  Database database(raw, path);
  if (code != SQLITE_OK) return failure(*database.file_, raw, code);
  sqlite3_busy_timeout(raw, static_cast<int>(busy_timeout.count()));
  if (auto set = database.execute(settings_of(access, journal)); !set)
    return pass_on(std::move(set.error()));
  return database;
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(*file_, database_.get(), code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(*file_, database_.get(), code);
  POSTRIDER_CHECK(statement != nullptr);
  return Statement(statement, *file_);
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(database_.get()); }

std::int64_t Database::last_rowid() const noexcept {
  return sqlite3_last_insert_rowid(database_.get());
}

Result<std::int64_t> Database::schema_version() {
  auto statement = prepare("PRAGMA user_version");
  if (!statement) return pass_on(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return pass_on(row.error());
  return statement->integer(0);
}

Result<void> Database::migrate(std::span<const char* const> steps) {
  auto transaction = Transaction::begin(*this);
  if (!transaction) return pass_on(std::move(transaction.error()));
  const auto version = schema_version();
  if (!version) return pass_on(version.error());
  const auto applied = static_cast<std::size_t>(*version);
  if (applied > steps.size())
    return fail(ErrorKind::invalid,
                fmt::format("{}: was written by a newer release (schema {}, known {})", path(),
                            applied, steps.size()));
  if (applied == steps.size()) return {};
  for (const char* step : steps.subspan(applied))
    if (auto done = execute(step); !done) return done;
  if (auto set = execute(fmt::format("PRAGMA user_version={}", steps.size())); !set) return set;
  return transaction->commit();
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

Result<Transaction> Transaction::begin(Database& database) {
  const bool part = database.in_transaction();
  if (auto begun = database.execute(part ? "SAVEPOINT part" : "BEGIN IMMEDIATE"); !begun)
    return pass_on(std::move(begun.error()));
  return Transaction(database, part);
}

// A rollback that fails leaves the transaction to SQLite, which undoes it when the file is closed.
Transaction::~Transaction() {
  if (database_ != nullptr)
    static_cast<void>(
        database_->execute(part_ ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK").has_value());
}

Result<void> Transaction::commit() {
  POSTRIDER_CHECK(database_ != nullptr);
  if (auto done = database_->execute(part_ ? "RELEASE part" : "COMMIT"); !done)
    return done;  // the destructor rolls back
  database_ = nullptr;
  return {};
}

void Snapshot::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Result<Snapshot> Snapshot::take(const std::string& path, Access access) {
  sqlite3* raw = nullptr;
  const std::string name = access == Access::read_still ? still_uri(path) : path;
  int code = sqlite3_open_v2(name.c_str(), &raw, flags_of(access), nullptr);
  Snapshot snapshot(raw, path);
  File file{.path = path};
  if (code != SQLITE_OK) return failure(file, raw, code);
  sqlite3_busy_timeout(raw, static_cast<int>(Database::kBusyTimeout.count()));
  // The moment is that of the first read.
  const std::string begin = fmt::format("{} BEGIN; SELECT count(*) FROM sqlite_schema",
                                        settings_of(access, Journal::wal));
  code = sqlite3_exec(raw, begin.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(file, raw, code);
  return snapshot;
}

// In portions, of the same moment all: the transaction of `database_` is open until its end.
Result<void> Snapshot::copy_to(const std::string& path,
                               const std::function<Result<void>()>& may_go_on) {
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, flags_of(Access::draft), nullptr);
  const Snapshot target(raw, path);
  if (code == SQLITE_OK) code = sqlite3_exec(raw, kDraftSettings, nullptr, nullptr, nullptr);
  sqlite3_backup* const copy =
      code == SQLITE_OK ? sqlite3_backup_init(raw, "main", database_.get(), "main") : nullptr;
  Result<void> asked;
  if (copy != nullptr) {
    constexpr int kPortion = 1024;  // pages: a few megabytes
    do {
      code = sqlite3_backup_step(copy, kPortion);
      if (code == SQLITE_OK && may_go_on) asked = may_go_on();
    } while (code == SQLITE_OK && asked);
    sqlite3_backup_finish(copy);  // repeats the error of the step
  }
  if (!asked) return asked;
  if (code == SQLITE_DONE) return {};
  if (code == SQLITE_OK) code = sqlite3_errcode(raw);  // of sqlite3_backup_init()
  return fail(kind_of(code),
              fmt::format("{}: cannot be copied to {}: {}", path_, path, sqlite3_errstr(code)));
}

}  // namespace postrider::sqlite
