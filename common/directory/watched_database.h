// watched_database.h - directory.db as a daemon reads it: opened when it is there, with the
// questions that are asked of it, and looked at now and then for what other processes have changed.
//
// A file that is missing, unreadable, damaged or of another release is a temporary error that says
// so; the file is tried again later, so that a daemon needs no restart when it is back. One that
// another was renamed onto is left for that.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/sqlite/sqlite.h"

namespace postrider::directory {

class WatchedDatabase {
 public:
  // How long an answer may be out of date, and how often a missing file is looked for.
  static constexpr std::chrono::milliseconds kRecheck{250};
  // How long a lookup may wait for the file while another process recovers or closes it.
  static constexpr std::chrono::milliseconds kBusyTimeout{50};

  // `loop` outlives it, and so does the text of the `questions`, SQL of one statement each.
  WatchedDatabase(event::EventLoop& loop, std::string path, std::vector<std::string_view> questions)
      : loop_(loop), path_(std::move(path)), sql_(std::move(questions)) {}

  // Before every question. Opens the file if it is not open, and looks whether another process has
  // changed or replaced it; at most every kRecheck. True: what was read before may be out of date.
  Result<bool> refresh();

  // The question of that number, valid until the next refresh(). Precondition: the last did not
  // fail.
  sqlite::Statement& question(std::size_t number) { return open_->questions[number]; }

 private:
  // Which file a name stands for.
  using FileId = std::pair<dev_t, ino_t>;
  struct Open {
    std::optional<FileId> file;
    sqlite::Database database;
    sqlite::Statement data_version;
    std::vector<sqlite::Statement> questions;
    std::int64_t seen = 0;  // of data_version
  };

  std::optional<FileId> find_file() const;
  Result<void> open();
  Result<bool> look();
  tl::unexpected<Error> trouble(std::string_view why);

  event::EventLoop& loop_;
  const std::string path_;
  const std::vector<std::string_view> sql_;
  std::optional<Open> open_;
  Error trouble_{ErrorKind::temporary, ""};  // why it is not open
  std::optional<std::chrono::microseconds> checked_;
};

}  // namespace postrider::directory
