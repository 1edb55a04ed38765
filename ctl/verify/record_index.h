// record_index.h - which records and large files a walk over the young generation has met.
//
// A database without a name: SQLite keeps what does not fit its cache in a temporary file, so
// memory is bounded however much mail there is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/message_id.h"
#include "common/base/result.h"
#include "common/sqlite/sqlite.h"

namespace postrider::ctl {

class RecordIndex {
 public:
  struct Place {
    std::string segment;
    std::uint64_t offset = 0;
  };

  static Result<RecordIndex> open();

  // A record; `is_open`: its message is neither finished nor promoted. The same again changes it.
  Result<void> add(const MessageId& id, const Place& place, bool is_open);
  // Another open record of that message.
  Result<std::vector<Place>> others(const MessageId& id, const Place& place);
  Result<bool> has_record(const MessageId& id);
  Result<bool> has_open_record(const MessageId& id);

  // A large file, before the segments that should speak of it are read.
  Result<void> add_large(const MessageId& id);
  // The large files without a record, at most `limit`, behind `after` ("" at first).
  Result<std::vector<MessageId>> large_without_record(const std::string& after, std::size_t limit);

 private:
  struct Statements {
    sqlite::Statement add;
    sqlite::Statement others;
    sqlite::Statement has_record;
    sqlite::Statement add_large;
    sqlite::Statement large_without_record;
  };
  RecordIndex(sqlite::Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  Result<bool> has(const MessageId& id, bool open_only);

  sqlite::Database database_;
  Statements statements_;
};

}  // namespace postrider::ctl
