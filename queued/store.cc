#include "queued/store.h"

#include <xxhash.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/handle.h"
#include "common/spool/queue_schema.h"

namespace postrider::queued {

namespace {

using sqlite::Blob;
using sqlite::Statement;

constexpr std::size_t kCopyBlock = 1U << 20U;

std::int64_t state_of(const Schedule& schedule) {
  return static_cast<std::int64_t>(schedule.deleted        ? MessageState::deleted
                                   : schedule.next_attempt ? MessageState::deferred
                                                           : MessageState::held);
}

// What a recipient's state is on disk: whatever is not final is to be attempted again.
std::int64_t stored(RecipientState state) {
  return static_cast<std::int64_t>(is_final(state) ? state : RecipientState::waiting);
}

}  // namespace

struct Store::Statements {
  Statement insert_message;
  Statement insert_recipient;
  Statement reschedule;
  Statement clear_recipients;
  Statement mark_delivered;
  Statement remove;
  Statement due;
  Statement behind;
  Statement activate;
  Statement next_due;
};

Store::Store(spool::Disk& disk, const spool::Paths& paths, sqlite::Database database, Fd deferred)
    : StoreReader(disk, paths, std::move(database)), deferred_(std::move(deferred)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(spool::Disk& disk, const spool::Paths& paths) {
  auto database = sqlite::Database::open(paths.queue_db(), sqlite::Access::create);
  if (!database) return pass_on(std::move(database.error()));
  if (auto ready = database->migrate(spool::kQueueSchema); !ready)
    return pass_on(std::move(ready.error()));
  if (auto reset = database->execute("UPDATE message SET state = 0 WHERE state = 1"); !reset)
    return pass_on(std::move(reset.error()));
  auto deferred = disk.open(paths.deferred(), spool::Disk::Mode::read);
  if (!deferred) return pass_on(std::move(deferred.error()));
  std::unique_ptr<Store> store(new Store(disk, paths, std::move(*database), std::move(*deferred)));

  if (auto ready = store->StoreReader::prepare(); !ready) return pass_on(std::move(ready.error()));
  Error trouble{ErrorKind::temporary, ""};
  const auto prepare = [&](std::string_view sql) {
    auto statement = store->database_.prepare(sql);
    if (!statement) {
      trouble = std::move(statement.error());
      throw std::runtime_error(trouble.text);
    }
    return std::move(*statement);
  };
  try {
    store->statements_.reset(new Statements{
        prepare("INSERT OR REPLACE INTO message VALUES "
                "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"),
        prepare("INSERT OR REPLACE INTO recipient VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"),
        prepare("UPDATE message SET state=?2, next_attempt_us=?3, expires_us=?4, attempts=?5, "
                "warned=?6, hold_reason=?7, behind=?8, deleted_us=?9, expired=?10 WHERE id=?1"),
        prepare("DELETE FROM recipient WHERE message=?1"),
        prepare("UPDATE recipient SET state=?3 WHERE message=?1 AND address=?2"),
        prepare("DELETE FROM message WHERE id=?1"),
        prepare("SELECT id FROM message WHERE state=0 AND next_attempt_us<=?1 "
                "ORDER BY next_attempt_us LIMIT ?2"),
        prepare("SELECT id FROM message WHERE behind=?1 AND behind<>'' ORDER BY id LIMIT ?2"),
        prepare("UPDATE message SET state=1, behind='', next_attempt_us=min(next_attempt_us, ?2) "
                "WHERE id=?1"),
        prepare("SELECT next_attempt_us FROM message WHERE state=0 "
                "ORDER BY next_attempt_us LIMIT 1"),
    });
  } catch (const std::runtime_error&) {
    return pass_on(std::move(trouble));
  }
  return store;
}

Result<void> Store::apply(std::span<const Change> changes) {
  if (auto written = write_contents(changes); !written) return written;
  if (auto committed = commit(changes); !committed) {
    // Corrupt is a content; of the database damaged() tells.
    if (committed.error().kind == ErrorKind::corrupt) committed.error().kind = ErrorKind::temporary;
    return committed;
  }
  for (const Change& change : changes)
    if (const auto* remove = std::get_if<Remove>(&change))
      static_cast<void>(disk_.remove(paths_.deferred(remove->id)));  // else an orphan for recovery
  return {};
}

Result<void> Store::commit(std::span<const Change> changes) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  for (const Change& change : changes) {
    auto applied = std::visit([this](const auto& one) { return apply_one(one); }, change);
    if (!applied) return applied;
  }
  return transaction->commit();
}

Result<void> Store::write_contents(std::span<const Change> changes) {
  std::vector<const Promote*> promotes;
  for (const Change& change : changes)
    if (const auto* promote = std::get_if<Promote>(&change)) promotes.push_back(promote);
  if (promotes.empty()) return {};
  const Synced synced = promotes.size() < kSyncTogether ? Synced::each : Synced::together;
  std::set<std::string> folders;
  for (const Promote* promote : promotes) {
    const std::string folder = paths_.deferred_folder(promote->data.id);
    if (folders.insert(folder).second)
      if (auto made = disk_.make_directory(folder); !made) return made;
    if (auto written = write_content(*promote, synced); !written) return written;
  }
  if (synced == Synced::together) return disk_.sync_file_system(deferred_.get());
  for (const std::string& folder : folders)
    if (auto done = disk_.sync_directory(folder); !done) return done;
  return disk_.sync_directory(paths_.deferred());
}

Result<void> Store::write_content(const Promote& promote, Synced synced) {
  const std::string path = paths_.deferred(promote.data.id);
  if (promote.large) return disk_.link(paths_.large(promote.data.id), path);
  // Of an earlier try, which may have been committed for all that we know: a crash brings back a
  // commit that failed. So it is written over with the same octets, and is whole at every moment.
  auto fd = disk_.open(path, spool::Disk::Mode::overwrite);
  if (!fd) return pass_on(std::move(fd.error()));
  if (auto copied = copy_content(promote, fd->get()); !copied) return copied;
  const auto size = disk_.size(fd->get());
  if (!size) return pass_on(size.error());
  if (*size > promote.data.content_length)
    if (auto cut = disk_.truncate(fd->get(), promote.data.content_length); !cut) return cut;
  if (synced == Synced::together) return {};
  return disk_.sync(fd->get());
}

Result<void> Store::copy_content(const Promote& promote, int to) {
  const Handle<XXH3_state_t, &XXH3_freeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  std::string block;
  for (std::uint64_t left = promote.data.content_length; left > 0; left -= block.size()) {
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBlock, left)));
    const std::uint64_t done = promote.data.content_length - left;
    auto n = disk_.read(promote.source->fd.get(), promote.offset + done, block);
    if (!n) return fail(ErrorKind::invalid, std::move(n.error().text));
    if (*n < block.size()) return fail(ErrorKind::corrupt, "the content is cut off");
    XXH3_64bits_update(state.get(), block.data(), block.size());
    iovec part{.iov_base = block.data(), .iov_len = block.size()};
    if (auto written = disk_.append(to, {&part, 1}); !written) return written;
  }
  if (XXH3_64bits_digest(state.get()) != promote.data.content_checksum)
    return fail(ErrorKind::corrupt, "the content does not match its checksum");
  return {};
}

Result<void> Store::apply_one(const Promote& promote) {
  const MessageData& data = promote.data;
  const std::string envelope = data.envelope.SerializeAsString();
  auto inserted =
      statements_->insert_message
          .bind(data.id.view(), Blob{envelope}, Blob{data.sender()}, to_us(data.arrival),
                data.content_length, data.content_checksum, state_of(promote.schedule),
                to_us(promote.schedule.next_attempt.value_or(WallTime())),
                to_us(promote.schedule.expires), data.attempts, std::int64_t{data.warned},
                std::int64_t{data.released}, std::string_view(promote.schedule.hold_reason),
                std::string_view(promote.schedule.behind),
                to_us(promote.schedule.deleted.value_or(WallTime())), std::int64_t{data.expired})
          .run();
  if (!inserted) return inserted;
  return insert_recipients(data);
}

Result<void> Store::insert_recipients(const MessageData& data) {
  for (const Recipient& r : data.recipients) {
    const std::string domain = to_lower(domain_of(r.address));
    auto inserted =
        statements_->insert_recipient
            .bind(data.id.view(), Blob{r.address}, std::string_view(domain), Blob{r.original},
                  std::string_view(r.notify), Blob{r.orcpt}, stored(r.state),
                  std::string_view(r.next_hop), std::string_view(r.status), Blob{r.reply},
                  std::string_view(r.remote), std::string_view(r.via))
            .run();
    if (!inserted) return inserted;
  }
  return {};
}

Result<void> Store::apply_one(const Reschedule& reschedule) {
  const MessageData& data = reschedule.data;
  auto updated =
      statements_->reschedule
          .bind(data.id.view(), state_of(reschedule.schedule),
                to_us(reschedule.schedule.next_attempt.value_or(WallTime())),
                to_us(reschedule.schedule.expires), data.attempts, std::int64_t{data.warned},
                std::string_view(reschedule.schedule.hold_reason),
                std::string_view(reschedule.schedule.behind),
                to_us(reschedule.schedule.deleted.value_or(WallTime())), std::int64_t{data.expired})
          .run();
  if (!updated) return updated;
  if (auto cleared = statements_->clear_recipients.bind(data.id.view()).run(); !cleared)
    return cleared;
  return insert_recipients(data);
}

Result<void> Store::apply_one(const MarkDelivered& mark) {
  return statements_->mark_delivered
      .bind(mark.id.view(), Blob{mark.address}, stored(RecipientState::delivered))
      .run();
}

Result<void> Store::apply_one(const Remove& remove) {
  return statements_->remove.bind(remove.id.view()).run();
}

Result<Taken> Store::take_due(WallTime now, std::size_t limit) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  auto taken =
      take(statements_->due.bind(to_us(now), static_cast<std::int64_t>(limit)), now, limit);
  if (!taken) return taken;
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  return taken;
}

Result<std::vector<Taken>> Store::take_behind(std::span<const Call> calls, WallTime now) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  std::vector<Taken> all;
  for (const Call& call : calls) {
    auto taken = take(statements_->behind.bind(std::string_view(call.destination),
                                               static_cast<std::int64_t>(call.count)),
                      now, call.count);
    if (!taken) return pass_on(std::move(taken.error()));
    all.push_back(std::move(*taken));
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  return all;
}

// Should we be stopped before they are rescheduled, they are due.
Result<Taken> Store::take(Statement& select, WallTime now, std::size_t limit) {
  std::vector<std::string> ids;
  while (true) {
    auto row = select.step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) break;
    ids.emplace_back(select.text(0));
  }
  Taken taken{.messages = {}, .more = ids.size() == limit};
  for (const std::string& id : ids) {
    if (auto marked = statements_->activate.bind(std::string_view(id), to_us(now)).run(); !marked)
      return pass_on(std::move(marked.error()));
    auto stored = load(id);
    if (stored) {
      taken.messages.push_back(std::move(stored->data));
    } else if (auto held = set_aside(id, stored.error()); !held) {
      return pass_on(std::move(held.error()));
    }
  }
  return taken;
}

// One row that cannot be read must not stop the others: a person looks at it.
Result<void> Store::set_aside(const std::string& id, const Error& error) {
  if (error.kind != ErrorKind::corrupt) return pass_on(error);
  auto hold = database_.prepare("UPDATE message SET state=2, hold_reason=?2 WHERE id=?1");
  if (!hold) return pass_on(std::move(hold.error()));
  return hold->bind(std::string_view(id), std::string_view(error.text)).run();
}

Result<std::optional<WallTime>> Store::next_due() {
  auto row = statements_->next_due.bind().step();
  if (!row) return pass_on(std::move(row.error()));
  std::optional<WallTime> due;
  if (*row) due = from_us(statements_->next_due.integer(0));
  statements_->next_due.reset();
  return due;
}

}  // namespace postrider::queued
