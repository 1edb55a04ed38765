// search.h - finds what is known of a message: in the index, and in the lines that were not taken
// into it yet. Blocks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/sqlite/sqlite.h"
#include "common/trace/line.h"
#include "common/trace/pending.h"
#include "common/trace/subject.h"

namespace postrider::trace {

// The events of a message, or of a session that brought none, in the order of time.
struct Life {
  std::string id;
  std::vector<Event> events;
  std::uint64_t left_out = 0;  // of those between the first and the last
};

// A time of which not all is known, as lines were given up.
struct Loss {
  WallTime since;
  WallTime until;
  std::int64_t octets = 0;
};

class Search {
 public:
  // Events of one message or session that are read: of more, the first and the last.
  static constexpr std::int64_t kMaxEvents = 20'000;
  static constexpr std::int64_t kFirstEvents = 1'000;

  // Where nothing was collected yet there is no index.
  static Result<Search> open(const std::string& data_directory);

  // Messages, and sessions that brought none, by an address or a Message-ID (plain_name()): those
  // that began at `since` or later, the newest first, at most `most`.
  Result<std::vector<Subject>> find(const std::string& name, WallTime since, std::size_t most);

  // What is known of each; an id that nothing is known of has none. Youngest first.
  Result<std::vector<Life>> lives(const std::vector<Subject>& subjects);
  // The whole of one message: with the part of its session that was about it, or was before any.
  // Nothing is known of it: no events.
  Result<Life> whole_life(const std::string& id);

  // Of that time.
  Result<std::vector<Loss>> losses(WallTime from, WallTime to);

 private:
  using Found = std::map<Subject, std::map<std::string, std::vector<Event>>>;  // by subject and id

  explicit Search(Pending pending) : pending_(std::move(pending)) {}

  Result<void> find_indexed(const std::string& name, Subject first, std::size_t most,
                            std::set<Subject>& found);
  // How many it has left out.
  Result<std::uint64_t> add_indexed(Subject subject, Found& found);
  // Events of `subject` that are more than `read`.
  Result<std::uint64_t> beyond(Subject subject, std::int64_t read);
  Result<void> add_pending(const std::set<Subject>& wanted, Found& found);

  Pending pending_;
  std::optional<sqlite::Database> index_;
};

}  // namespace postrider::trace
