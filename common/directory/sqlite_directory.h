// sqlite_directory.h - the directory in a SQLite file, directory.db.
//
// A lookup runs on the loop's thread: SQLite answers from its page cache in microseconds, less than
// handing the question to a thread would cost. Addresses that were found are kept in memory, those
// that were not are asked again each time, and domains of others have a cache of their own: so
// strangers cannot push out what is asked for often. A change that another process commits is seen
// within WatchedDatabase::kRecheck. A user who expires is asked for anew each time.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/directory/answer_cache.h"
#include "common/directory/directory.h"
#include "common/directory/send_rights.h"
#include "common/directory/watched_database.h"
#include "common/event/event_loop.h"
#include "common/sqlite/sqlite.h"

namespace postrider::directory {

class SqliteDirectory final : public Directory, public SendRights {
 public:
  // Answers in one generation of the cache: two of some 200 octets each make 20 MB.
  static constexpr std::size_t kCachedAnswers = 50'000;
  // The same for domains that are not ours.
  static constexpr std::size_t kCachedForeign = 10'000;
  // Addresses that the aliases behind one may lead to, as far as it is followed to find its owner.
  static constexpr std::size_t kMaxReached = 1000;

  // `loop` and `clock`, which tells whether a user has expired, outlive the directory. `hostname`
  // is the domain of a bare "postmaster".
  SqliteDirectory(event::EventLoop& loop, const Clock& clock, const std::string& database_path,
                  std::string hostname);

  PendingPtr find_recipient(std::string_view address,
                            UniqueFunction<void(Result<RecipientAnswer>)> done) override;
  PendingPtr find_send_right(std::string_view mailbox, std::string_view address,
                             UniqueFunction<void(Result<bool>)> done) override;

 private:
  enum class Question : std::size_t { domain, user, alias, granted };
  sqlite::Statement& question(Question asked) {
    return file_.question(static_cast<std::size_t>(asked));
  }

  Result<void> refresh();
  Result<RecipientAnswer> find(std::string_view address);
  struct Found {
    RecipientAnswer answer;
    bool lasts = true;  // until the directory changes
  };
  Result<Found> find_in_domain(const std::string& local, const std::string& domain);
  Result<std::optional<Found>> find_exactly(std::string_view local, std::string_view domain);
  Result<std::optional<Found>> find_user(std::string_view local, std::string_view domain);
  // A domain of ours, by its own name or by one that is its alias.
  struct OurDomain {
    std::string name;
    bool disabled = false;
  };
  Result<std::optional<OurDomain>> find_domain(std::string_view name);

  Result<bool> may_send(const std::string& mailbox, std::string_view address);
  Result<bool> reaches(std::string_view address, const std::string& mailbox);
  Result<bool> is_granted(std::string_view mailbox, std::string_view address);

  event::EventLoop& loop_;
  const Clock& clock_;
  const std::string hostname_;
  WatchedDatabase file_;
  AnswerCache<RecipientAnswer> cache_{kCachedAnswers};
  AnswerCache<RecipientAnswer> foreign_{kCachedForeign};  // by domain
};

}  // namespace postrider::directory
