#include "queued/rescue.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "common/spool/queue_schema.h"
#include "common/sqlite/sqlite.h"
#include "queued/quarantine.h"

namespace postrider::queued {

namespace {

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Each goes through other pages, or in the other direction, and ends at the first that is damaged.
constexpr std::array<const char*, 3> kWaysToIds{
    "SELECT id FROM damaged.message ORDER BY id",
    "SELECT id FROM damaged.message ORDER BY id DESC",
    "SELECT id FROM damaged.message INDEXED BY message_schedule ORDER BY state, next_attempt_us"};

// Links: the file stays where it is until a new one takes its place.
Result<std::string> keep(spool::Disk& disk, const spool::Paths& paths, WallTime now) {
  Quarantine quarantine(disk, paths);
  const std::string name = fmt::format("queue.db-{}", now.time_since_epoch().count());
  if (auto kept = quarantine.link(name, paths.queue_db()); !kept) return pass_on(kept.error());
  const auto log = quarantine.link(name + "-wal", paths.queue_db() + "-wal");
  if (!log && log.error().kind != ErrorKind::not_found) return pass_on(log.error());
  return quarantine.path(name);
}

// From the database that is attached to `to` as "damaged". Each message on its own: SQLite does not
// commit a transaction in which it has met damage.
Result<std::uint64_t> copy_readable(sqlite::Database& to) {
  auto message =
      to.prepare("INSERT OR IGNORE INTO message SELECT * FROM damaged.message WHERE id=?1");
  if (!message)  // of version 1
    message =
        to.prepare("INSERT OR IGNORE INTO message SELECT *, '' FROM damaged.message WHERE id=?1");
  auto recipients =
      to.prepare("INSERT OR IGNORE INTO recipient SELECT * FROM damaged.recipient WHERE message=?1");
  auto withdraw = to.prepare("DELETE FROM message WHERE id=?1");
  // The damaged file may have lost its tables.
  if (!message || !recipients || !withdraw) return std::uint64_t{0};
  std::uint64_t copied = 0;
  for (const char* const way : kWaysToIds) {
    auto ids = to.prepare(way);
    while (ids) {
      const auto row = ids->step();
      if (!row || !*row) break;
      const std::string id(ids->text(0));
      if (!message->bind(std::string_view(id)).run() || to.changes() == 0) continue;
      const bool whole = recipients->bind(std::string_view(id)).run() && to.changes() > 0;
      if (!whole)
        if (auto withdrawn = withdraw->bind(std::string_view(id)).run(); !withdrawn)
          return pass_on(withdrawn.error());
      copied += whole ? 1 : 0;
    }
  }
  return copied;
}

// Makes the database `to`, which is not synced.
Result<std::uint64_t> carry_over(const std::string& from, const std::string& to) {
  auto database = sqlite::Database::open(to, sqlite::Access::create);
  if (!database) return pass_on(std::move(database.error()));
  if (auto set = database->execute("PRAGMA synchronous=OFF"); !set) return pass_on(set.error());
  if (auto made = database->migrate(spool::kQueueSchema); !made) return pass_on(made.error());
  auto attach = database->prepare("ATTACH ?1 AS damaged");
  if (!attach) return pass_on(std::move(attach.error()));
  if (!attach->bind(std::string_view(from)).run()) return std::uint64_t{0};
  return copy_readable(*database);
}

Result<void> sync_file(spool::Disk& disk, const std::string& path) {
  const auto fd = disk.open(path, spool::Disk::Mode::append);
  if (!fd) return pass_on(fd.error());
  return disk.sync(fd->get());
}

Result<void> remove_database(spool::Disk& disk, const std::string& path) {
  for (const char* const suffix : {"-wal", "-shm", ""})
    if (auto removed = disk.remove(path + suffix); !removed) return removed;
  return {};
}

// From here on a start goes on, and does not begin again: nothing of the damaged file is needed.
Result<void> make_whole(spool::Disk& disk, const spool::Paths& paths) {
  if (auto synced = sync_file(disk, paths.queue_db_new()); !synced) return synced;
  if (auto named = disk.rename(paths.queue_db_new(), paths.queue_db_whole()); !named) return named;
  return disk.sync_directory(paths.root);
}

// The log of the damaged file must be gone for good before a new file has its name.
Result<void> put_in_place(spool::Disk& disk, const spool::Paths& paths) {
  for (const char* const suffix : {"-wal", "-shm"})
    if (auto removed = disk.remove(paths.queue_db() + suffix); !removed) return removed;
  if (auto synced = disk.sync_directory(paths.root); !synced) return synced;
  if (auto placed = disk.rename(paths.queue_db_whole(), paths.queue_db()); !placed) return placed;
  if (auto synced = disk.sync_directory(paths.root); !synced) return synced;
  return disk.remove(paths.queue_db_damaged());
}

}  // namespace

bool is_marked_damaged(spool::Disk& disk, const spool::Paths& paths) {
  return disk.open(paths.queue_db_damaged(), spool::Disk::Mode::read).has_value();
}

Result<void> mark_damaged(spool::Disk& disk, const spool::Paths& paths) {
  const auto mark = disk.open(paths.queue_db_damaged(), spool::Disk::Mode::append);
  if (!mark) return pass_on(mark.error());
  return disk.sync_directory(paths.root);
}

Result<void> finish_rescue(spool::Disk& disk, const spool::Paths& paths) {
  if (!disk.open(paths.queue_db_whole(), spool::Disk::Mode::read)) return {};
  return put_in_place(disk, paths);
}

Result<std::unique_ptr<Store>> open_store(spool::Disk& disk, const spool::Paths& paths,
                                          log::Logger& log, WallTime now) {
  if (auto finished = finish_rescue(disk, paths); !finished)
    return pass_on(std::move(finished.error()));
  Result<std::unique_ptr<Store>> store =
      is_marked_damaged(disk, paths)
          ? fail(ErrorKind::corrupt, paths.queue_db() + ": was found damaged while it was in use")
          : Store::open(disk, paths);
  if (store || store.error().kind != ErrorKind::corrupt) return store;
  const auto rescued = rescue_queue_db(disk, paths, now);
  if (!rescued) return pass_on(rescued.error());
  log.error("queue_db_replaced")
      .with("reason", store.error().text)
      .with("kept", rescued->kept)
      .with("carried_over", rescued->carried_over)
      .with("effect", "deferred messages that could not be read have their content under deferred/: "
                      "postrider queue verify names them");
  return Store::open(disk, paths);
}

Result<Rescued> rescue_queue_db(spool::Disk& disk, const spool::Paths& paths, WallTime now) {
  if (auto marked = mark_damaged(disk, paths); !marked) return pass_on(marked.error());
  auto kept = keep(disk, paths, now);
  if (!kept) return pass_on(std::move(kept.error()));
  if (auto removed = remove_database(disk, paths.queue_db_new()); !removed)
    return pass_on(removed.error());
  auto carried_over = carry_over(*kept, paths.queue_db_new());
  if (!carried_over) return pass_on(std::move(carried_over.error()));
  if (auto whole = make_whole(disk, paths); !whole) return pass_on(whole.error());
  if (auto placed = put_in_place(disk, paths); !placed) return pass_on(placed.error());
  return Rescued{std::move(*kept), *carried_over};
}

}  // namespace postrider::queued
