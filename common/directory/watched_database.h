// watched_database.h - directory.db as a daemon reads it: opened when it is there, and looked at
// now and then for what other processes have changed.
//
// A file that is missing, unreadable or of another release is a temporary error that says so; the
// file is tried again later, so that a daemon needs no restart when it is back.
#pragma once

#include <chrono>
#include <optional>
#include <string>

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

  // `loop` outlives it.
  WatchedDatabase(event::EventLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}

  // Before every question. Opens the file if it is not open, and looks whether another process has
  // changed it; at most every kRecheck. True: what was read before may be out of date.
  Result<bool> refresh();

  // Precondition: refresh() has opened it.
  sqlite::Database& database() { return *database_; }
  // Another number whenever another process has changed the file.
  std::int64_t version() const noexcept { return version_; }

 private:
  Result<void> open();
  Result<std::int64_t> look();

  event::EventLoop& loop_;
  const std::string path_;
  std::optional<sqlite::Database> database_;
  std::optional<sqlite::Statement> data_version_;
  Error trouble_{ErrorKind::temporary, ""};  // why it is not open
  std::optional<std::chrono::microseconds> checked_;
  std::int64_t version_ = 0;
};

}  // namespace postrider::directory
