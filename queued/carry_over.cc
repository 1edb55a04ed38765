#include "queued/carry_over.h"

#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "common/spool/queue_schema.h"
#include "common/sqlite/sqlite.h"

namespace postrider::queued {

namespace {

using sqlite::Database;
using sqlite::Statement;

// Messages that one transaction takes: what it changed waits in memory.
constexpr std::size_t kPortion = 1000;

// Each goes through other pages, or in the other direction, and ends at the first that is damaged.
struct Way {
  const char* through;  // a table or an index
  const char* ids;
};
constexpr std::array kWays{
    Way{"message", "SELECT id FROM message ORDER BY id"},
    Way{"message", "SELECT id FROM message ORDER BY id DESC"},
    Way{"message_schedule",
        "SELECT id FROM message INDEXED BY message_schedule ORDER BY state, next_attempt_us"}};

// By version of the schema: what a later one added is filled in.
constexpr std::array kMessageOfVersion{"SELECT *, '', 0, 0 FROM message WHERE id=?1",
                                       "SELECT *, 0, 0 FROM message WHERE id=?1",
                                       "SELECT * FROM message WHERE id=?1"};
constexpr std::array kRecipientsOfVersion{"SELECT *, '' FROM recipient WHERE message=?1",
                                          "SELECT *, '' FROM recipient WHERE message=?1",
                                          "SELECT * FROM recipient WHERE message=?1"};
static_assert(kMessageOfVersion.size() == spool::kQueueSchema.size());
static_assert(kRecipientsOfVersion.size() == spool::kQueueSchema.size());

// Of the damaged file: what is there cannot be used. Anything else may pass.
bool is_damage(const Error& error) {
  return error.kind == ErrorKind::corrupt || error.kind == ErrorKind::invalid;
}

enum class Read { row, end, damage };

Result<Read> read(Statement& from) {
  const auto row = from.step();
  if (row) return *row ? Read::row : Read::end;
  if (is_damage(row.error())) return Read::damage;
  return pass_on(row.error());
}

// False: what was read does not fit into the table, or is there already.
Result<bool> insert(Statement& into, const Statement& row) {
  const auto inserted = into.bind_row(row).run();
  if (inserted) return true;
  if (inserted.error().kind == ErrorKind::invalid) return false;
  return pass_on(inserted.error());
}

class CarryOver {
 public:
  CarryOver(Database& from, Database& to) : from_(from), to_(to) {}

  Result<std::uint64_t> run() {
    // Whether or not its messages can be read.
    if (auto carried = carry_pauses(); !carried && !is_damage(carried.error()))
      return pass_on(carried.error());
    if (auto ready = prepare_writing(); !ready) return pass_on(ready.error());
    const auto readable = prepare_reading();
    if (!readable && readable.error().kind != ErrorKind::corrupt) return pass_on(readable.error());
    if (!readable || !*readable) return std::uint64_t{0};
    for (const Way& way : kWays) {
      const auto whole = go(way);
      if (!whole) return pass_on(whole.error());
      if (*whole) break;
    }
    return count();
  }

 private:
  struct Reading {
    Statement message;
    Statement recipients;
  };
  struct Writing {
    Statement message;
    Statement recipient;
    Statement withdraw;
  };

  Result<void> prepare_writing() {
    auto message = to_.prepare(
        "INSERT INTO message VALUES "
        "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)");
    auto recipient =
        to_.prepare("INSERT INTO recipient VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
    auto withdraw = to_.prepare("DELETE FROM message WHERE id=?1");
    for (auto* statement : {&message, &recipient, &withdraw})
      if (!*statement) return pass_on(std::move(statement->error()));
    writing_.emplace(Writing{std::move(*message), std::move(*recipient), std::move(*withdraw)});
    return {};
  }

  // False: the damaged file has lost its tables, or never had them.
  Result<bool> prepare_reading() {
    const auto version = from_.schema_version();
    if (!version) return pass_on(version.error());
    if (*version > static_cast<std::int64_t>(kMessageOfVersion.size()))
      return fail(ErrorKind::invalid,
                  fmt::format("{}: was written by a newer release", from_.path()));
    if (*version < 1) return false;
    for (const char* const table : {"message", "recipient"}) {
      auto known = knows(table);
      if (!known || !*known) return known;
    }
    auto message = from_.prepare(kMessageOfVersion[static_cast<std::size_t>(*version) - 1]);
    if (!message) return pass_on(std::move(message.error()));
    auto recipients = from_.prepare(kRecipientsOfVersion[static_cast<std::size_t>(*version) - 1]);
    if (!recipients) return pass_on(std::move(recipients.error()));
    reading_.emplace(Reading{std::move(*message), std::move(*recipients)});
    return true;
  }

  // Whether the damaged file still has a table or an index of this name.
  Result<bool> knows(const char* name) {
    auto find = from_.prepare("SELECT 1 FROM sqlite_schema WHERE name=?1");
    if (!find) return pass_on(std::move(find.error()));
    const auto found = read(find->bind(std::string_view(name)));
    if (!found) return pass_on(found.error());
    return *found == Read::row;
  }

  // Whether it came to the end of the way.
  Result<bool> go(const Way& way) {
    const auto known = knows(way.through);
    if (!known || !*known) return known;
    auto ids = from_.prepare(way.ids);
    if (!ids) return pass_on(std::move(ids.error()));
    while (true) {
      const auto last = carry_portion(*ids);
      if (!last) return pass_on(last.error());
      if (*last != Read::row) return *last == Read::end;
    }
  }

  // What was met last.
  Result<Read> carry_portion(Statement& ids) {
    auto transaction = sqlite::Transaction::begin(to_);
    if (!transaction) return pass_on(std::move(transaction.error()));
    auto last = read(ids);
    for (std::size_t i = 1; last && *last == Read::row; ++i) {
      if (auto carried = carry(std::string(ids.text(0))); !carried) return pass_on(carried.error());
      if (i == kPortion) break;
      last = read(ids);
    }
    if (!last) return last;
    if (auto committed = transaction->commit(); !committed) return pass_on(committed.error());
    return last;
  }

  Result<void> carry(const std::string& id) {
    Statement& message = reading_->message;
    const auto there = read(message.bind(std::string_view(id)));
    if (!there) return pass_on(there.error());
    if (*there != Read::row) return {};
    const auto inserted = insert(writing_->message, message);
    message.reset();
    if (!inserted) return pass_on(inserted.error());
    if (!*inserted) return {};
    const auto whole = carry_recipients(id);
    if (!whole) return pass_on(whole.error());
    if (!*whole) return writing_->withdraw.bind(std::string_view(id)).run();
    ++carried_;
    return {};
  }

  // False: one cannot be read, or there is none.
  Result<bool> carry_recipients(const std::string& id) {
    Statement& recipients = reading_->recipients;
    recipients.bind(std::string_view(id));
    for (std::size_t count = 0;; ++count) {
      const auto next = read(recipients);
      if (!next) return pass_on(next.error());
      if (*next != Read::row) return *next == Read::end && count > 0;
      const auto inserted = insert(writing_->recipient, recipients);
      if (inserted && *inserted) continue;
      recipients.reset();
      return inserted;
    }
  }

  // What can be read of them; what operators did is history and stays with the damaged file.
  Result<void> carry_pauses() {
    const auto known = knows("pause");
    if (!known) return pass_on(known.error());
    if (!*known) return {};
    auto pauses = from_.prepare("SELECT * FROM pause");
    auto into = to_.prepare("INSERT INTO pause VALUES (?1,?2,?3,?4)");
    for (auto* statement : {&pauses, &into})
      if (!*statement) return pass_on(std::move(statement->error()));
    while (true) {
      const auto next = read(*pauses);
      if (!next) return pass_on(next.error());
      if (*next != Read::row) return {};
      if (const auto inserted = insert(*into, *pauses); !inserted) return pass_on(inserted.error());
    }
  }

  // What the new file has, which must be what went into it.
  Result<std::uint64_t> count() {
    auto select = to_.prepare("SELECT count(*) FROM message");
    if (!select) return pass_on(std::move(select.error()));
    if (auto row = select->step(); !row) return pass_on(std::move(row.error()));
    const auto found = static_cast<std::uint64_t>(select->integer(0));
    if (found == carried_) return found;
    return fail(ErrorKind::temporary, fmt::format("{}: has {} messages of {} that were written",
                                                  to_.path(), found, carried_));
  }

  Database& from_;
  Database& to_;
  std::optional<Reading> reading_;
  std::optional<Writing> writing_;
  std::uint64_t carried_ = 0;
};

}  // namespace

Result<std::uint64_t> carry_over(const std::string& from, const std::string& to) {
  auto made = Database::open(to, sqlite::Access::draft);
  if (!made) return pass_on(std::move(made.error()));
  if (auto ready = made->migrate(spool::kQueueSchema); !ready) return pass_on(ready.error());
  auto damaged = Database::open(from, sqlite::Access::read);
  if (damaged) return CarryOver(*damaged, *made).run();
  if (damaged.error().kind == ErrorKind::corrupt) return std::uint64_t{0};
  return pass_on(std::move(damaged.error()));
}

}  // namespace postrider::queued
