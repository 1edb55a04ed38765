// sqlite_directory.h - the directory in a SQLite file, directory.db.
//
// A lookup runs on the loop's thread: SQLite answers from its page cache in microseconds, less than
// handing the question to a thread would cost. Addresses that were found are kept in memory, those
// that were not are asked again each time, and domains of others have a cache of their own: so
// strangers cannot push out what is asked for often. A change that another process commits is seen
// within kRecheck. Passwords are verified on the worker pool.
//
// A file that is missing, unreadable or of another release is a temporary error that says so; the
// file is tried again later, so that a daemon needs no restart when it is back.
#pragma once

#include <optional>
#include <string>

#include "common/directory/answer_cache.h"
#include "common/directory/directory.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/sqlite/sqlite.h"

namespace postrider::directory {

class SqliteDirectory final : public Directory {
 public:
  // How long an answer may be out of date, and how often a missing file is looked for.
  static constexpr std::chrono::milliseconds kRecheck{250};
  // How long a lookup may wait for the file while another process recovers or closes it.
  static constexpr std::chrono::milliseconds kBusyTimeout{50};
  // Answers in one generation of the cache: two of some 200 octets each make 20 MB.
  static constexpr std::size_t kCachedAnswers = 50'000;
  // The same for domains that are not ours.
  static constexpr std::size_t kCachedForeign = 10'000;
  // Passwords that wait to be verified; further ones get a temporary error at once.
  static constexpr std::size_t kMaxWaiting = 100;

  // `loop` and `pool` outlive the directory. `hostname` is the domain of a bare "postmaster".
  SqliteDirectory(event::EventLoop& loop, event::WorkerPool& pool, const std::string& database_path,
                  std::string hostname);

  PendingPtr find_recipient(std::string_view address,
                            UniqueFunction<void(Result<RecipientAnswer>)> done) override;
  PendingPtr verify_password(std::string_view address, Secret password,
                             UniqueFunction<void(Result<LoginAnswer>)> done) override;

 private:
  // The open file and its prepared questions.
  struct Open {
    sqlite::Database database;
    sqlite::Statement version;
    sqlite::Statement domain;
    sqlite::Statement user;
    sqlite::Statement alias;
  };

  static Result<Open> open(const std::string& path);
  Result<void> refresh();
  Result<RecipientAnswer> find(std::string_view address);
  Result<RecipientAnswer> find_in_domain(const std::string& local, const std::string& domain);
  Result<std::optional<RecipientAnswer>> find_exactly(std::string_view local,
                                                      std::string_view domain);
  Result<bool> is_ours(std::string_view domain);
  Result<std::string> password_hash(std::string_view address);

  event::EventLoop& loop_;
  event::WorkerPool& pool_;
  const std::string path_;
  const std::string hostname_;
  std::optional<Open> open_;
  Error trouble_{ErrorKind::temporary, ""};  // why it is not open
  std::optional<std::chrono::microseconds> checked_;
  std::int64_t data_version_ = 0;
  AnswerCache cache_{kCachedAnswers};
  AnswerCache foreign_{kCachedForeign};  // by domain
};

}  // namespace postrider::directory
