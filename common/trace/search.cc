#include "common/trace/search.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "common/trace/belonging.h"
#include "common/trace/file_name.h"
#include "common/trace/index.h"

namespace postrider::trace {

namespace {

// The first, which tell whose they are, and the last, which tell what became of it.
constexpr std::string_view kEvents =
    "SELECT time, process, event, rest FROM events WHERE subject = ?1 AND number IN ("
    "SELECT number FROM (SELECT number FROM events WHERE subject = ?1 ORDER BY number LIMIT ?2) "
    "UNION SELECT number FROM (SELECT number FROM events WHERE subject = ?1 "
    "ORDER BY number DESC LIMIT ?3)) ORDER BY number";
constexpr std::string_view kCountEvents = "SELECT count(*) FROM events WHERE subject = ?1";
constexpr std::string_view kHourBefore = "SELECT max(hour) FROM names WHERE hour < ?1";
// A name may stay for an hour's sake when its events are gone (retention.cc).
constexpr std::string_view kSelectNamed =
    "SELECT subject FROM names WHERE hour = ?1 AND name = ?2 AND subject >= ?3 "
    "AND EXISTS (SELECT 1 FROM events WHERE events.subject = names.subject) "
    "ORDER BY subject DESC LIMIT ?4";
constexpr std::string_view kLosses =
    "SELECT since, until, octets FROM losses WHERE since <= ?1 AND until >= ?2";

WallTime time_at(const sqlite::Statement& row, int column) {
  return WallTime(std::chrono::microseconds(row.integer(column)));
}

// By the order of time; what was taken while it was read is there twice.
void put_in_order(std::vector<Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  for (auto at = events.begin(); at != events.end(); ++at)
    for (auto other = at + 1; other != events.end() && other->time == at->time;)
      other = *other == *at ? events.erase(other) : other + 1;
}

// Which session brought the message, and which of its transactions it was.
struct Origin {
  std::string session;
  std::string mail;
};
Origin origin_of(const std::vector<Event>& events) {
  for (const Event& event : events)
    if (const auto session = value_of(event.values, "session"); !session.empty())
      return {std::string(session), std::string(value_of(event.values, "mail"))};
  return {};
}

// Of another message of the session.
bool is_of_another(const Event& event, const Origin& origin) {
  const std::string_view mail = value_of(event.values, "mail");
  return !mail.empty() && mail != origin.mail;
}

template <typename T>
Result<T> failed(const Error& error) {
  return pass_on(error);
}

}  // namespace

Result<Search> Search::open(const std::string& data_directory) {
  auto pending = Pending::open(folder_of(data_directory));
  if (!pending) return failed<Search>(pending.error());
  const std::string path = index_path(data_directory);
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return Search(std::move(*pending));
  auto index = sqlite::Database::open(path, sqlite::Access::read);
  if (!index) return failed<Search>(index.error());
  const auto taken = taken_of(*index);
  if (!taken) return failed<Search>(taken.error());
  pending->skip(*taken);
  Search search(std::move(*pending));
  search.index_.emplace(std::move(*index));
  return search;
}

Result<std::vector<Subject>> Search::find(const std::string& name, WallTime since,
                                          std::size_t most) {
  std::set<Subject> found;
  const Subject first = first_subject(since);
  auto done = pending_.read([&](std::string_view text) {
    const auto line = parse_line(text);
    const auto values = line ? parse_values(line->rest) : std::nullopt;
    if (!values) return;
    const auto names = names_of(line->event, *values);
    if (std::find(names.begin(), names.end(), name) == names.end()) return;
    for (const auto& [subject, id] : owners_of(*values))
      if (subject >= first) found.insert(subject);
  });
  if (done) done = find_indexed(name, first, most, found);
  if (!done) return failed<std::vector<Subject>>(done.error());
  std::vector<Subject> youngest(found.rbegin(), found.rend());
  if (youngest.size() > most) youngest.resize(most);
  return youngest;
}

Result<void> Search::find_indexed(const std::string& name, Subject first, std::size_t most,
                                  std::set<Subject>& found) {
  if (!index_) return {};
  auto hours = index_->prepare(kHourBefore);
  if (!hours) return failed<void>(hours.error());
  auto named = index_->prepare(kSelectNamed);
  if (!named) return failed<void>(named.error());
  Hour hour = std::numeric_limits<Hour>::max();
  for (std::size_t left = most; left > 0;) {
    if (const auto row = hours->bind(hour).step(); !row) return failed<void>(row.error());
    if (hours->is_null(0) || hours->integer(0) < hour_of(first)) return {};
    hour = hours->integer(0);
    named->bind(hour, name_key(name), first, left);
    while (true) {
      const auto row = named->step();
      if (!row) return failed<void>(row.error());
      if (!*row) break;
      found.insert(named->integer(0));
      --left;
    }
  }
  return {};
}

Result<std::vector<Life>> Search::lives(const std::vector<Subject>& subjects) {
  const std::set<Subject> wanted(subjects.begin(), subjects.end());
  Found found;
  std::map<Subject, std::uint64_t> left_out;
  for (const Subject subject : wanted) {
    const auto left = add_indexed(subject, found);
    if (!left) return failed<std::vector<Life>>(left.error());
    left_out[subject] = *left;
  }
  if (auto added = add_pending(wanted, found); !added)
    return failed<std::vector<Life>>(added.error());
  std::vector<Life> lives;
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    for (auto& [id, events] : at->second) {
      put_in_order(events);
      lives.push_back({id, std::move(events), left_out[at->first]});
    }
  return lives;
}

Result<std::uint64_t> Search::add_indexed(Subject subject, Found& found) {
  if (!index_) return std::uint64_t{0};
  auto rows = index_->prepare(kEvents);
  if (!rows) return failed<std::uint64_t>(rows.error());
  rows->bind(subject, kFirstEvents, kMaxEvents - kFirstEvents);
  for (std::int64_t read = 0;; ++read) {
    const auto row = rows->step();
    if (!row) return failed<std::uint64_t>(row.error());
    if (!*row && read == kMaxEvents) return beyond(subject, read);
    if (!*row) return std::uint64_t{0};
    auto values = parse_values(rows->text(3));
    if (!values) continue;
    for (const auto& [owner, id] : owners_of(*values))
      if (owner == subject)
        found[subject][std::string(id)].push_back(
            {time_at(*rows, 0), std::string(rows->text(1)), std::string(rows->text(2)), *values});
  }
}

Result<std::uint64_t> Search::beyond(Subject subject, std::int64_t read) {
  auto rows = index_->prepare(kCountEvents);
  if (!rows) return failed<std::uint64_t>(rows.error());
  if (const auto row = rows->bind(subject).step(); !row) return failed<std::uint64_t>(row.error());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(rows->integer(0) - read, 0));
}

Result<void> Search::add_pending(const std::set<Subject>& wanted, Found& found) {
  return pending_.read([&](std::string_view text) {
    const auto line = parse_line(text);
    const auto values = line ? parse_values(line->rest) : std::nullopt;
    if (!values) return;
    for (const auto& [owner, id] : owners_of(*values))
      if (wanted.contains(owner))
        found[owner][std::string(id)].push_back(
            {line->time, std::string(line->process), std::string(line->event), *values});
  });
}

Result<Life> Search::whole_life(const std::string& id) {
  Life whole{id, {}};
  const auto add = [&](const std::string& of, const Origin* origin) -> Result<void> {
    const auto subject = subject_of(of);
    if (!subject) return {};
    auto found = lives({*subject});
    if (!found) return failed<void>(found.error());
    for (Life& life : *found) {
      if (life.id != of) continue;
      whole.left_out += life.left_out;
      for (Event& event : life.events)
        if (origin == nullptr || !is_of_another(event, *origin))
          whole.events.push_back(std::move(event));
    }
    return {};
  };
  if (auto added = add(id, nullptr); !added) return failed<Life>(added.error());
  const Origin origin = origin_of(whole.events);
  if (origin.session != id)
    if (auto added = add(origin.session, &origin); !added) return failed<Life>(added.error());
  put_in_order(whole.events);
  return whole;
}

Result<std::vector<Loss>> Search::losses(WallTime from, WallTime to) {
  std::vector<Loss> losses;
  if (!index_) return losses;
  auto rows = index_->prepare(kLosses);
  if (!rows) return failed<std::vector<Loss>>(rows.error());
  rows->bind(to.time_since_epoch().count(), from.time_since_epoch().count());
  while (true) {
    const auto row = rows->step();
    if (!row) return failed<std::vector<Loss>>(row.error());
    if (!*row) return losses;
    losses.push_back({time_at(*rows, 0), time_at(*rows, 1), rows->integer(2)});
  }
}

}  // namespace postrider::trace
