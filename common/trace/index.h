// index.h - the index of the trace: every event of a message or a session, found by its id, by a
// Message-ID or by an address.
//
// Written by the collector alone, in large transactions: what was taken from a file and how far it
// was taken become true together, so that no event is there twice or is missing, wherever the
// collector ends. Events stand in the order of their subjects, which is that of time, and names by
// the hour of theirs: both grow at one end. A power cut may take back the last transactions: the
// trace tells what happened, it promises nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/sqlite/sqlite.h"
#include "common/trace/file_name.h"
#include "common/trace/line.h"
#include "common/trace/subject.h"

namespace postrider::trace {

// Of the index in `database`.
Result<Taken> taken_of(sqlite::Database& database);

class Index {
 public:
  // Makes the file where it is missing.
  static Result<Index> open(const std::string& path);

  // Everything until commit() is one transaction; after an error begin() takes it back. The Index
  // stays where it is meanwhile.
  Result<void> begin();
  Result<void> commit();
  // Of a line that is no event, or nobody's, nothing is kept.
  Result<void> add(std::string_view line);
  // `name` was taken up to there; or it is gone.
  Result<void> set_taken(std::string_view name, std::uint64_t octets);
  Result<void> forget_file(std::string_view name);
  Result<Taken> taken();

 private:
  struct Statements {
    sqlite::Statement event, name, loss, taken, forget, number;
  };
  Index(sqlite::Database database, Statements statements, std::int64_t number)
      : database_(std::move(database)), statements_(std::move(statements)), number_(number) {}

  Result<void> add_loss(const Line& line, const Values& values);

  Result<void> add_for(Subject subject, const Line& line);
  Result<void> add_names(Subject subject, const Line& line, const Values& values);

  sqlite::Database database_;
  Statements statements_;
  std::optional<sqlite::Transaction> transaction_;
  std::int64_t number_;  // of the last event
};

}  // namespace postrider::trace
