#include "common/spool/committer.h"

#include <algorithm>
#include <csignal>

namespace postrider::spool {

namespace {

constexpr log::Condition::Words kWriteFailing{
    "spool_write_failed", "spool_writes_again",
    "mail is refused with a temporary reply until a write succeeds"};

}  // namespace

Committer::Committer(event::EventLoop& loop, Disk& disk, Options options, const Paths& paths,
                     const Clock& clock, Random& random, log::Logger& log,
                     metrics::Counters& counters,
                     std::function<void(const SegmentProgress&)> on_progress)
    : loop_(loop),
      disk_(disk),
      options_(std::move(options)),
      paths_(paths),
      clock_(clock),
      random_(random),
      counters_(counters),
      on_progress_(std::move(on_progress)),
      failing_(log, clock, kWriteFailing) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Committer::enqueue(ItemPtr item) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = waiting_.empty();
    waiting_.push_back(std::move(item));
  }
  if (first) wake_.notify_one();
}

void Committer::serve() {
  Batch batch;
  while (next_batch(batch)) {
    if (!batch.empty()) commit(batch);
    batch.clear();
    if (segment_ && segment_is_full()) seal();
  }
  if (segment_) seal();
  static_cast<void>(cut_back());
}

bool Committer::next_batch(Batch& batch) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stopping_ || !waiting_.empty(); };
  if (segment_) {
    wake_.wait_for(lock, time_left(), something);
  } else {
    wake_.wait(lock, something);
  }
  batch.swap(waiting_);
  return !stopping_ || !batch.empty();
}

bool Committer::segment_is_full() const {
  return segment_->durable() >= options_.segment_size || time_left().count() == 0;
}

// Until the segment is old enough; a clock that was set back makes it so at once.
std::chrono::microseconds Committer::time_left() const {
  const std::chrono::microseconds age = clock_.now() - segment_->created();
  const bool over = age.count() < 0 || age >= options_.segment_age;
  return over ? std::chrono::microseconds(0) : options_.segment_age - age;
}

void Committer::commit(Batch& batch) {
  const WallTime begun = clock_.now();
  auto result = write(batch);
  counters_.observe(metrics::Duration::spool_write, clock_.now() - begun);
  counters_.add(result ? metrics::Counter::spool_commits : metrics::Counter::spool_commit_failures);
  std::optional<SegmentProgress> progress;
  if (!result) {
    failing_.holds(result.error().text);
    if (segment_ && segment_->failed()) {
      // After a failed sync the kernel may have dropped what it could not write, and a second sync
      // would say "fine". This segment is finished as it stands.
      progress = {segment_->name(), segment_->durable(), true};
      if (segment_->needs_cut()) uncut_ = std::move(segment_);
      segment_.reset();
    }
  } else {
    failing_.passed();
    progress = {segment_->name(), segment_->durable(), false};
  }
  tell(std::move(progress), std::move(batch), std::move(result));
}

Result<void> Committer::write(Batch& batch) {
  if (auto cut = cut_back(); !cut) return cut;
  if (auto ready = ensure_segment(); !ready) return ready;
  if (auto synced = sync_large(batch); !synced) return synced;
  std::vector<NewRecord> records;
  records.reserve(batch.size());
  for (const ItemPtr& item : batch) {
    records.push_back(
        {.kind = item->large ? RecordKind::large_message : RecordKind::message,
         .envelope = item->envelope,
         .content = item->content,
         .content_length = item->size,
         .content_checksum = item->large ? item->large->checksum() : checksum(item->content)});
  }
  if (auto written = segment_->append(records); !written) return written;
  for (const ItemPtr& item : batch)
    if (item->large) item->large->keep();
  return {};
}

Result<void> Committer::cut_back() {
  if (!uncut_) return {};
  auto cut = uncut_->cut();
  if (cut) uncut_.reset();
  return cut;
}

Result<void> Committer::ensure_segment() {
  if (segment_) return {};
  auto segment = SegmentFile::create(disk_, paths_, options_.writer, clock_.now(), random_.next());
  if (!segment) return pass_on(std::move(segment.error()));
  segment_ = std::move(*segment);
  return {};
}

Result<void> Committer::sync_large(const Batch& batch) {
  bool any = false;
  for (const ItemPtr& item : batch) {
    if (!item->large) continue;
    any = true;
    if (auto synced = item->large->sync(); !synced) return synced;
  }
  if (!any) return {};
  return disk_.sync_directory(paths_.large());
}

void Committer::seal() {
  // A segment without its seal is finished all the same: its lock is gone with the descriptor.
  if (auto sealed = segment_->seal(); !sealed) failing_.holds(sealed.error().text);
  SegmentProgress progress{segment_->name(), segment_->durable(), true};
  segment_.reset();
  tell(std::move(progress), {}, {});
}

// One wake-up for both: the announcement to queued, and the replies to the clients.
void Committer::tell(std::optional<SegmentProgress> progress, Batch batch, Result<void> result) {
  loop_.post([on_progress = on_progress_, progress = std::move(progress), batch = std::move(batch),
              result = std::move(result)] {
    if (progress) on_progress(*progress);
    for (const ItemPtr& item : batch)
      if (!item->cancelled) item->done(result);
  });
}

}  // namespace postrider::spool
