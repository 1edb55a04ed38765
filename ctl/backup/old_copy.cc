#include "ctl/backup/old_copy.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "common/base/regular_file.h"
#include "ctl/backup/copy.h"
#include "ctl/backup/interruption.h"

namespace postrider::ctl::backup {

namespace {

constexpr const char* kDatabase = "spool/queue.db";
constexpr const char* kDeferred = "spool/deferred/";

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
  if (lock_) return true;
  auto lock = open_regular_file(from_.queued_lock());
  if (!lock || !disk_.lock(lock->get()).value_or(false)) return false;
  if (is_there(from_.queue_db() + "-wal")) return false;
  lock_ = std::move(*lock);
  return true;
}

Result<bool> OldCopy::open_now() {
  if (now_) return true;
  if (!is_there(from_.queue_db())) return false;
  const auto ready = has_tables(sqlite::Access::read);
  if (!ready || !*ready) return ready;
  auto opened = sqlite::Database::open(from_.queue_db(), sqlite::Access::read);
  if (!opened) return pass_on(std::move(opened.error()));
  now_.emplace(std::move(*opened));
  return true;
}

Result<void> OldCopy::copy_contents() {
  // Of a spool at rest nothing goes before its turn comes.
  if (is_there(from_.queue_db_damaged()) || hold_still()) return {};
  const auto opened = open_now();
  if (!opened) return pass_on(opened.error());
  if (!*opened) return {};
  return each_row(*now_, [this](const Row& row) -> Result<void> {
    const auto copied = copy_content(row);
    return copied ? Result<void>() : Result<void>(pass_on(copied.error()));
  });
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

Result<std::uint64_t> OldCopy::copy() {
  if (!snapshot_) return lock_.reset(), std::uint64_t{0};
  const std::string path = draft_.at(kDatabase);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path, errno);
  if (auto copied = snapshot_->copy_to(path, &Interruption::none); !copied)
    return pass_on(std::move(copied.error()));
  snapshot_.reset();
  lock_.reset();
  copied_ = true;
  auto copy = sqlite::Database::open(path, sqlite::Access::write);
  if (!copy) return pass_on(std::move(copy.error()));
  return copy_lacking(*copy);
}

// `act` is called with every row, and may remove it.
template <typename Act>
Result<void> OldCopy::each_row(sqlite::Database& database, Act act) {
  auto select = database.prepare(
      "SELECT id, content_length, content_checksum FROM message WHERE id>?1 ORDER BY id LIMIT ?2");
  if (!select) return pass_on(std::move(select.error()));
  std::vector<Row> portion;
  std::string after;
  do {
    portion.clear();
    select->bind(std::string_view(after), kPortion);
    while (true) {
      const auto row = select->step();
      if (!row) return pass_on(row.error());
      if (!*row) break;
      portion.push_back({std::string(select->text(0)),
                         {static_cast<std::uint64_t>(select->integer(1)),
                          static_cast<std::uint64_t>(select->integer(2))}});
    }
    for (const Row& row : portion)
      if (auto done = act(row); !done) return done;
    if (!portion.empty()) after = portion.back().id;
  } while (!portion.empty());
  return {};
}

Result<std::uint64_t> OldCopy::copy_lacking(sqlite::Database& copy) {
  auto remove = copy.prepare("DELETE FROM message WHERE id=?1");
  if (!remove) return pass_on(std::move(remove.error()));
  auto transaction = sqlite::Transaction::begin(copy);
  if (!transaction) return pass_on(std::move(transaction.error()));
  std::uint64_t gone = 0;
  auto done = each_row(copy, [&](const Row& row) -> Result<void> {
    const auto content = copy_content(row);
    if (!content) return pass_on(content.error());
    if (*content == Content::lacking)
      complain(row.id, fmt::format("{}: is not there, and message {} needs it",
                                   from_.deferred(*MessageId::parse(row.id)), row.id));
    if (*content != Content::gone) return {};
    ++gone;
    return remove->bind(std::string_view(row.id)).run();
  });
  if (done) done = transaction->commit();
  if (!done) return pass_on(std::move(done.error()));
  return gone;
}

// In queue.db as it is by now, whoever has begun to write it since.
Result<bool> OldCopy::still_waits(const std::string& id) {
  const auto opened = open_now();
  if (!opened || !*opened) return opened;
  auto find = now_->prepare("SELECT 1 FROM message WHERE id=?1");
  if (!find) return pass_on(std::move(find.error()));
  return find->bind(std::string_view(id)).step();
}

void OldCopy::complain(const std::string& id, std::string problem) {
  if (complained_.insert(id).second) draft_.problems().add(std::move(problem));
}

std::string OldCopy::path_of(const MessageId& id) const {
  return kDeferred + folder_name(from_.deferred_folder(id)) + '/' + id.str();
}

// queued removes the row before the file: where the row is there still, something else took it.
Result<OldCopy::Content> OldCopy::copy_content(const Row& row) {
  const auto id = MessageId::parse(row.id);
  if (!id) {
    complain(row.id, fmt::format("{} row {}: its id cannot be used", from_.queue_db(), row.id));
    return Content::copied;
  }
  const std::string path = draft_.at(path_of(*id));
  if (is_there(path)) return Content::copied;  // before
  const std::string name = from_.deferred(*id);
  auto from = open_to_read(name);
  if (!from && from.error().kind == ErrorKind::not_found) {
    const auto waits = still_waits(row.id);
    if (!waits) return pass_on(waits.error());
    return *waits ? Content::lacking : Content::gone;
  }
  if (!from) return pass_on(std::move(from.error()));
  if (auto made = make_folder_of(*id); !made) return pass_on(std::move(made.error()));
  const auto to = make_file(path);
  if (!to) return pass_on(to.error());
  const auto octets = copy_octets({from->get(), name}, {to->get(), path});
  if (!octets) return pass_on(octets.error());
  if (*octets != row.content) {
    complain(row.id, fmt::format("{}: does not match its checksum", name));
    others_[row.id] = *octets;
  }
  return Content::copied;
}

Result<void> OldCopy::make_folder_of(const MessageId& id) {
  const std::string folder = from_.deferred_folder(id);
  if (!folders_.insert(folder).second) return {};
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(folder, errno);
  return draft_.add_folder(kDeferred + folder_name(folder), status);
}

Result<void> OldCopy::note() {
  if (!copied_) return {};
  {
    auto copy = sqlite::Database::open(draft_.at(kDatabase), sqlite::Access::write);
    if (!copy) return pass_on(std::move(copy.error()));
    if (auto dropped = drop_without_row(*copy); !dropped) return dropped;
    if (auto noted = each_row(*copy, [this](const Row& row) { return note_content(row); }); !noted)
      return noted;
  }
  return note_database();
}

Result<void> OldCopy::drop_without_row(sqlite::Database& copy) {
  auto find = copy.prepare("SELECT 1 FROM message WHERE id=?1");
  if (!find) return pass_on(std::move(find.error()));
  const std::string deferred = draft_.at(kDeferred);
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(deferred, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory(error)) continue;
    const std::string id = at->path().filename().string();
    const auto found = find->bind(std::string_view(id)).step();
    if (!found) return pass_on(found.error());
    if (!*found && ::unlink(at->path().c_str()) != 0) return fail_errno(at->path().string(), errno);
  }
  if (error) return fail_errno(deferred, error.value());
  return {};
}

// Whose it was is that of the database, if it is gone by now.
Result<void> OldCopy::note_content(const Row& row) {
  const auto id = MessageId::parse(row.id);
  if (!id || !is_there(draft_.at(path_of(*id)))) return {};
  struct stat status {};
  if (::lstat(from_.deferred(*id).c_str(), &status) != 0 &&
      ::stat(from_.queue_db().c_str(), &status) != 0)
    return fail_errno(from_.queue_db(), errno);
  const auto other = others_.find(row.id);
  return draft_.note_file(path_of(*id), other == others_.end() ? row.content : other->second,
                          status);
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
