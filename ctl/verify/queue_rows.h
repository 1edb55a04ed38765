// queue_rows.h - queue.db as the verification reads it: never written, in portions, so that no long
// read keeps a running queued from shortening its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/message_id.h"
#include "common/base/result.h"
#include "common/spool/paths.h"
#include "common/sqlite/sqlite.h"

namespace postrider::ctl {

class QueueRows {
 public:
  struct Row {
    std::uint64_t content_length = 0;
    std::uint64_t content_checksum = 0;
    bool sound = false;  // envelope, state and recipients are what queued can work with
  };

  // Ids that ids() gives at once.
  static constexpr std::size_t kPortion = 1000;
  // Complaints of SQLite that check() gives.
  static constexpr std::size_t kMaxComplaints = 10;

  // An Error of kind not_found: there is no queue.db; invalid: a newer release wrote it; corrupt:
  // it is no database, or damaged.
  static Result<QueueRows> open(const spool::Paths& paths, sqlite::Access access);

  // What SQLite finds wrong with pages, indexes and references. Reads all of the file.
  Result<std::vector<std::string>> check();

  // The ids of rows behind `after` ("" at first), in order, at most kPortion.
  Result<std::vector<std::string>> ids(const std::string& after);
  // Nothing where there is no such row.
  Result<std::optional<Row>> find(const std::string& id);

 private:
  struct Statements {
    sqlite::Statement ids;
    sqlite::Statement row;
    sqlite::Statement recipients;
  };
  QueueRows(sqlite::Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  Result<bool> has_recipients(const std::string& id);

  sqlite::Database database_;
  Statements statements_;
};

}  // namespace postrider::ctl
