#include "queued/rescue.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "queued/carry_over.h"

namespace postrider::queued {

namespace {

constexpr std::string_view kKeptName = "queue.db-";
constexpr std::string_view kLogSuffix = "-wal";

// The name in quarantine/ that the file has from an earlier try, or else a free one.
Result<std::string> name_to_keep(spool::Disk& disk, const spool::Paths& paths, WallTime now) {
  const auto names = disk.list(paths.quarantine());
  if (!names) return pass_on(names.error());
  for (const std::string& name : *names) {
    if (!name.starts_with(kKeptName) || name.ends_with(kLogSuffix)) continue;
    const auto same = disk.same_file(paths.quarantine() + '/' + name, paths.queue_db());
    if (!same) return pass_on(same.error());
    if (*same) return name;
  }
  for (auto time = now.time_since_epoch().count();; ++time) {
    std::string name = fmt::format("{}{}", kKeptName, time);
    if (!std::binary_search(names->begin(), names->end(), name)) return name;
  }
}

// Links: the file stays where it is until a new one takes its place, and is not written any more.
Result<std::string> keep(spool::Disk& disk, const spool::Paths& paths, WallTime now) {
  if (auto made = disk.make_directory(paths.quarantine()); !made) return pass_on(made.error());
  const auto name = name_to_keep(disk, paths, now);
  if (!name) return name;
  std::string kept = paths.quarantine() + '/' + *name;
  if (auto linked = disk.link(paths.queue_db(), kept); !linked) return pass_on(linked.error());
  const auto log = disk.link(fmt::format("{}{}", paths.queue_db(), kLogSuffix),
                             fmt::format("{}{}", kept, kLogSuffix));
  if (!log && log.error().kind != ErrorKind::not_found) return pass_on(log.error());
  if (auto synced = disk.sync_directory(paths.quarantine()); !synced)
    return pass_on(synced.error());
  return kept;
}

Result<bool> exists(spool::Disk& disk, const std::string& path) {
  const auto fd = disk.open(path, spool::Disk::Mode::read);
  if (fd) return true;
  if (fd.error().kind == ErrorKind::not_found) return false;
  return pass_on(fd.error());
}

Result<void> sync_file(spool::Disk& disk, const std::string& path) {
  const auto fd = disk.open(path, spool::Disk::Mode::append);
  if (!fd) return pass_on(fd.error());
  return disk.sync(fd->get());
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

// Whether there is a file that is marked. A mark without one goes: an operator took the file away.
Result<bool> settle_mark(spool::Disk& disk, const spool::Paths& paths) {
  const auto marked = is_marked_damaged(disk, paths);
  if (!marked || !*marked) return marked;
  const auto there = exists(disk, paths.queue_db());
  if (!there || *there) return there;
  for (const std::string& path : {paths.queue_db_new(), paths.queue_db_damaged()})
    if (auto removed = disk.remove(path); !removed) return pass_on(removed.error());
  return false;
}

}  // namespace

Result<bool> is_marked_damaged(spool::Disk& disk, const spool::Paths& paths) {
  return exists(disk, paths.queue_db_damaged());
}

Result<void> mark_damaged(spool::Disk& disk, const spool::Paths& paths) {
  const auto mark = disk.open(paths.queue_db_damaged(), spool::Disk::Mode::append);
  if (!mark) return pass_on(mark.error());
  return disk.sync_directory(paths.root);
}

Result<void> finish_rescue(spool::Disk& disk, const spool::Paths& paths) {
  const auto whole = exists(disk, paths.queue_db_whole());
  if (!whole) return pass_on(whole.error());
  return *whole ? put_in_place(disk, paths) : Result<void>();
}

Result<std::unique_ptr<Store>> open_store(spool::Disk& disk, const spool::Paths& paths,
                                          log::Logger& log, WallTime now) {
  if (auto finished = finish_rescue(disk, paths); !finished)
    return pass_on(std::move(finished.error()));
  const auto marked = settle_mark(disk, paths);
  if (!marked) return pass_on(marked.error());
  Result<std::unique_ptr<Store>> store =
      *marked
          ? fail(ErrorKind::corrupt, paths.queue_db() + ": was found damaged while it was in use")
          : Store::open(disk, paths);
  if (store || store.error().kind != ErrorKind::corrupt) return store;
  const auto rescued = rescue_queue_db(disk, paths, now);
  if (!rescued)
    return fail(rescued.error().kind, fmt::format("the rescue of what is left failed ({}) after {}",
                                                  rescued.error().text, store.error().text));
  log.error("queue_db_replaced")
      .with("reason", store.error().text)
      .with("kept", rescued->kept)
      .with("carried_over", rescued->carried_over)
      .with("effect",
            "deferred messages that could not be read have their content under deferred/: "
            "postrider queue verify names them");
  return Store::open(disk, paths);
}

Result<Rescued> rescue_queue_db(spool::Disk& disk, const spool::Paths& paths, WallTime now) {
  if (auto marked = mark_damaged(disk, paths); !marked) return pass_on(marked.error());
  auto kept = keep(disk, paths, now);
  if (!kept) return pass_on(std::move(kept.error()));
  if (auto removed = disk.remove(paths.queue_db_new()); !removed) return pass_on(removed.error());
  auto carried_over = carry_over(paths.queue_db(), paths.queue_db_new());
  if (!carried_over) {
    // It may have taken all the room that there was; the next try begins with this as well.
    static_cast<void>(disk.remove(paths.queue_db_new()));
    return pass_on(std::move(carried_over.error()));
  }
  if (auto whole = make_whole(disk, paths); !whole) return pass_on(whole.error());
  if (auto placed = put_in_place(disk, paths); !placed) return pass_on(placed.error());
  return Rescued{std::move(*kept), *carried_over};
}

}  // namespace postrider::queued
