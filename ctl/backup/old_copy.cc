#include "ctl/backup/old_copy.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

namespace postrider::ctl::backup {

namespace {

constexpr const char* kDatabase = "spool/queue.db";
constexpr const char* kDeferred = "spool/deferred/";

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

bool is_there(const std::string& path) noexcept {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string folder_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

OldCopy::OldCopy(spool::Disk& disk, const spool::Paths& from, Draft& draft)
    : disk_(disk), from_(from), draft_(draft) {}

// False: queued has not made the tables yet.
Result<bool> OldCopy::has_tables(sqlite::Access access) {
  auto opened = sqlite::Database::open(from_.queue_db(), access);
  if (!opened) return pass_on(std::move(opened.error()));
  const auto version = opened->schema_version();
  if (!version) return pass_on(version.error());
  return *version > 0;
}

// Whether it can be read as it stands: no queued has it, none can begin while this holds the lock,
// and none has left a log that belongs to it.
bool OldCopy::hold_still() {
  auto lock = disk_.open(from_.queued_lock(), spool::Disk::Mode::read);
  if (!lock || !disk_.lock(lock->get()).value_or(false)) return false;
  if (is_there(from_.queue_db() + "-wal")) return false;
  lock_ = std::move(*lock);
  return true;
}

Result<void> OldCopy::take_snapshot() {
  const std::string path = from_.queue_db();
  if (is_there(from_.queue_db_damaged()))
    return fail(ErrorKind::corrupt,
                fmt::format("{}: was found damaged. Start queued, which carries over what can be "
                            "read, and then make the backup",
                            path));
  if (!is_there(path)) return {};
  const auto access = hold_still() ? sqlite::Access::read_still : sqlite::Access::read;
  const auto ready = has_tables(access);
  if (!ready) return pass_on(ready.error());
  if (!*ready) return {};
  auto snapshot = sqlite::Snapshot::take(path, access);
  if (!snapshot) return pass_on(std::move(snapshot.error()));
  snapshot_.emplace(std::move(*snapshot));
  return {};
}

Result<void> OldCopy::copy() {
  if (!snapshot_) return {};
  const std::string path = draft_.at(kDatabase);
  if (auto copied = snapshot_->copy_to(path); !copied) return copied;
  snapshot_.reset();
  lock_.reset();
  {
    auto copy = sqlite::Database::open(path, sqlite::Access::write);
    if (!copy) return pass_on(std::move(copy.error()));
    if (auto copied = copy_contents(*copy); !copied) return copied;
  }
  return note_database();
}

Result<void> OldCopy::copy_contents(sqlite::Database& copy) {
  auto select = copy.prepare(
      "SELECT id, content_length, content_checksum FROM message WHERE id>?1 ORDER BY id LIMIT ?2");
  auto remove = copy.prepare("DELETE FROM message WHERE id=?1");
  for (auto* const statement : {&select, &remove})
    if (!*statement) return pass_on(std::move(statement->error()));
  std::string after;
  while (true) {
    const auto portion = rows(*select, after);
    if (!portion) return pass_on(portion.error());
    if (portion->empty()) return {};
    after = portion->back().id;
    auto transaction = sqlite::Transaction::begin(copy);
    if (!transaction) return pass_on(std::move(transaction.error()));
    for (const Row& row : *portion) {
      const auto copied = copy_content(row);
      if (!copied) return pass_on(copied.error());
      if (*copied) continue;
      if (auto removed = remove->bind(std::string_view(row.id)).run(); !removed) return removed;
    }
    if (auto committed = transaction->commit(); !committed) return committed;
  }
}

Result<std::vector<OldCopy::Row>> OldCopy::rows(sqlite::Statement& select,
                                                const std::string& after) {
  std::vector<Row> found;
  select.bind(std::string_view(after), kPortion);
  while (true) {
    const auto row = select.step();
    if (!row) return pass_on(row.error());
    if (!*row) return found;
    found.push_back({std::string(select.text(0)),
                     {static_cast<std::uint64_t>(select.integer(1)),
                      static_cast<std::uint64_t>(select.integer(2))}});
  }
}

// In queue.db as it is by now, whoever has begun to write it since.
Result<bool> OldCopy::still_waits(const std::string& id) {
  if (!now_) {
    auto opened = sqlite::Database::open(from_.queue_db(), sqlite::Access::read);
    if (!opened) return pass_on(std::move(opened.error()));
    now_.emplace(std::move(*opened));
  }
  auto find = now_->prepare("SELECT 1 FROM message WHERE id=?1");
  if (!find) return pass_on(std::move(find.error()));
  return find->bind(std::string_view(id)).step();
}

// queued removes the row before the file: where the row is there still, something else took it.
Result<bool> OldCopy::copy_content(const Row& row) {
  const auto id = MessageId::parse(row.id);
  if (!id) {
    draft_.problems().add(
        fmt::format("{} row {}: its id cannot be used", from_.queue_db(), row.id));
    return true;
  }
  const std::string name = from_.deferred(*id);
  auto from = open_to_read(name);
  if (!from && from.error().kind == ErrorKind::not_found) {
    const auto waits = still_waits(row.id);
    if (!waits) return pass_on(waits.error());
    if (*waits)
      draft_.problems().add(fmt::format("{}: is not there, and message {} needs it", name, row.id));
    return *waits;
  }
  if (!from) return pass_on(std::move(from.error()));
  if (auto made = make_folder_of(*id); !made) return pass_on(std::move(made.error()));
  const std::string path = kDeferred + folder_name(from_.deferred_folder(*id)) + '/' + row.id;
  const auto octets = draft_.add_file(path, {from->get(), name});
  if (!octets) return pass_on(octets.error());
  if (*octets != row.content)
    draft_.problems().add(fmt::format("{}: does not match its checksum", name));
  return true;
}

Result<void> OldCopy::make_folder_of(const MessageId& id) {
  const std::string folder = from_.deferred_folder(id);
  if (!folders_.insert(folder).second) return {};
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(folder, errno);
  return draft_.add_folder(kDeferred + folder_name(folder), status);
}

Result<void> OldCopy::note_database() {
  const std::string path = draft_.at(kDatabase);
  if (is_there(path + "-wal"))
    return fail(ErrorKind::temporary, fmt::format("{}: its log could not be taken into it", path));
  struct stat status {};
  if (::stat(from_.queue_db().c_str(), &status) != 0) return fail_errno(from_.queue_db(), errno);
  const auto octets = sum_octets(path);
  if (!octets) return pass_on(octets.error());
  return draft_.note_file(kDatabase, *octets, status);
}

}  // namespace postrider::ctl::backup
