// retention.h - takes out of the index what is over long enough, or too much: a portion at a time,
// so that the collector is never long away from its files.
//
// A message or session goes with all its events, `keep` after the last of them. What has no end, as
// it is held or its end was lost, is kept kWithoutEnd times as long. Beyond `max_size` the oldest
// go, whatever their age. The file does not become smaller: what is free in it is used again.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/sqlite/sqlite.h"
#include "common/trace/subject.h"

namespace postrider::trace {

class Retention {
 public:
  // Messages and sessions that one step looks at, at most.
  static constexpr std::int64_t kPortion = 1000;
  static constexpr int kWithoutEnd = 2;

  struct Limits {
    std::chrono::seconds keep;
    std::uint64_t max_size;  // octets in use
  };

  // Of the index at `path`, which is there. Beside an Index of the same thread, outside its
  // transactions.
  static Result<Retention> open(const std::string& path, const Limits& limits);

  // The next portion of a round through what is old. False: the round is over, and the next step
  // begins another.
  Result<bool> forget_old(WallTime now);
  // False: it is not too large.
  Result<bool> make_smaller();

 private:
  Retention(sqlite::Database database, const Limits& limits)
      : database_(std::move(database)), limits_(limits) {}

  Result<void> forget(const std::vector<Subject>& subjects);
  Result<void> forget_names(Hour hour);
  Result<std::uint64_t> octets_in_use();

  sqlite::Database database_;
  const Limits limits_;
  Subject from_ = 0;  // where the next portion begins
};

}  // namespace postrider::trace
