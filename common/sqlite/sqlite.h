// sqlite.h - a database file, its statements and its transactions; <sqlite3.h> is seen in sqlite.cc
// alone.
//
// A database that lasts is opened with WAL, so that readers and the one writer do not wait for each
// other, or with a rollback journal; synchronous=FULL, so that a commit that returned survives a
// power cut; foreign keys checked. A Database and all that comes from it belong to one thread at a
// time.
//
// Errors: a full disk, a locked file, or one that the disk does not give is `temporary`; a file
// that is not a database or is damaged is `corrupt`, and its log stays beside it when it is closed;
// a broken constraint is `invalid`. The text names the file.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace postrider::sqlite {

// The file that a Database and its Statements work on.
struct File {
  std::string path;
  bool damaged = false;  // an operation has failed as `corrupt`
  bool cut_off = false;  // one that may not write it has met half a change
};

// A value that is bound as BLOB; a plain string_view is bound as TEXT.
struct Blob {
  std::string_view octets;
};

// A prepared statement. The Database it came from outlives it.
class Statement {
 public:
  // Begins a new execution: `values` replace the parameters ?1, ?2, … The octets must stay valid
  // until the execution ends. An error in binding is reported by the next step().
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int position = 0;
    (bind_one(++position, values), ...);
    return *this;
  }

  // As bind(), with all columns of the current row of `row`, which need not be of the same
  // Database.
  Statement& bind_row(const Statement& row);

  // True: a row is there to be read. False: the execution has ended. After false or an error the
  // statement is ready for the next bind() or step().
  Result<bool> step();
  // Runs to the end and drops any rows.
  Result<void> run();
  // Ends an execution before its last row, and with it the read transaction it held.
  void reset() noexcept;

  // Columns of the current row, from 0. Views are valid until the next step(), bind() or reset().
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  // TEXT or BLOB; empty for NULL
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Statement(sqlite3_stmt* statement, File& file) : statement_(statement), file_(&file) {}

  void bind_one(int position, std::int64_t value);
  void bind_one(int position, std::string_view value);
  void bind_one(int position, Blob value);
  void bind_one(int position, std::nullptr_t);
  template <std::integral Int>
  void bind_one(int position, Int value) {
    bind_one(position, static_cast<std::int64_t>(value));
  }
  template <std::integral Int>
  void bind_one(int position, const std::optional<Int>& value) {
    if (value) {
      bind_one(position, *value);
    } else {
      bind_one(position, nullptr);
    }
  }
  void note(int code) noexcept;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  File* file_;  // the Database's
  int bind_error_ = 0;
};

enum class Access {
  read,        // the file exists
  read_still,  // as read, and nobody writes it: no lock is taken, and nothing made beside the file
  write,       // the file exists
  create,      // the file is made where it is missing
  draft,       // as create, and nothing is synced or written beside it: a crash leaves it worthless
};

// What its writers leave beside the file. `wal` is written by readers too; with `rollback`, who may
// not write the file can read it all the same, and change nothing of what others see; it waits
// while a writer commits, and after one that died meanwhile, until another has come.
enum class Journal { wal, rollback };

class Database {
 public:
  // How long an operation waits for another process's lock before it fails as temporary.
  static constexpr std::chrono::milliseconds kBusyTimeout{5000};

  static Result<Database> open(const std::string& path, Access access,
                               std::chrono::milliseconds busy_timeout = kBusyTimeout,
                               Journal journal = Journal::wal);

  // Runs one statement or several, without parameters.
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);

  // Rows that the last INSERT, UPDATE or DELETE changed, and the rowid of the last INSERT.
  std::int64_t changes() const noexcept;
  std::int64_t last_rowid() const noexcept;

  // Brings the schema up to date: PRAGMA user_version counts the `steps` that were applied; those
  // that are missing are applied in order, in one transaction. A file with more steps than are
  // known was written by a newer release: refused as invalid.
  Result<void> migrate(std::span<const char* const> steps);
  // The count of applied steps.
  Result<std::int64_t> schema_version();
  // A Transaction is open.
  bool in_transaction() const noexcept;

  const std::string& path() const noexcept { return file_->path; }
  // Whether an operation, of a Statement as well, has found the file damaged.
  bool damaged() const noexcept { return file_->damaged; }
  // Whether a reader has found half a change (Journal::rollback), of a writer who died in its
  // commit: the file cannot be read until somebody opens it who may write it.
  bool is_cut_off() const noexcept { return file_->cut_off; }

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  Database(sqlite3* database, std::string path);

  std::unique_ptr<File> file_;  // at a fixed address: Statements point to it
  std::unique_ptr<sqlite3, Close> database_;
};

// A write transaction (BEGIN IMMEDIATE) that rolls back unless commit() succeeded. One that begins
// while another is open is a part of that: it can be rolled back alone, and is durable with it. The
// Database outlives it.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)), part_(other.part_) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Durable, unless it is a part of another, when it returns without error. After an error nothing
  // was changed, but where the disk failed a crash may bring the changes back.
  Result<void> commit();

 private:
  Transaction(Database& database, bool part) : database_(&database), part_(part) {}
  Database* database_;  // null: ended or moved from
  bool part_;           // of another
};

}  // namespace postrider::sqlite
