// committer.h - the thread behind a Writer: group commit.
//
// Whatever was handed over while the disk worked is the next batch: appended with one write,
// made durable with one sync, told with one wake-up of the loop.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/log/condition.h"
#include "common/metrics/counters.h"
#include "common/spool/large_file.h"
#include "common/spool/progress.h"
#include "common/spool/segment_file.h"

namespace postrider::spool {

class Committer {
 public:
  struct Item {
    std::string envelope;
    std::string content;               // of a small message
    std::unique_ptr<LargeFile> large;  // of a large one
    std::uint64_t size = 0;
    UniqueFunction<void(Result<void>)> done;  // runs on the loop
    bool cancelled = false;                   // touched on the loop's thread only
  };
  using ItemPtr = std::shared_ptr<Item>;  // second owner: the Pending that may cancel `done`

  struct Options {
    std::string writer;
    std::uint64_t segment_size;
    std::chrono::seconds segment_age;
  };

  // `on_progress` runs on the loop.
  Committer(event::EventLoop& loop, Disk& disk, Options options, const Paths& paths,
            const Clock& clock, Random& random, log::Logger& log, metrics::Counters& counters,
            std::function<void(const SegmentProgress&)> on_progress);
  // Commits what waits, seals, joins.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void enqueue(ItemPtr item);

 private:
  using Batch = std::vector<ItemPtr>;

  void serve();
  // Waits for items, for the segment's age, or for the end; false at the end.
  bool next_batch(Batch& batch);
  void commit(Batch& batch);
  Result<void> write(Batch& batch);
  // Frees a segment of refused records; nothing is written before that succeeds.
  Result<void> cut_back();
  Result<void> ensure_segment();
  Result<void> sync_large(const Batch& batch);
  bool segment_is_full() const;
  std::chrono::microseconds time_left() const;
  void seal();
  // Hands to the loop what became of the batch, and how far the segment is durable.
  void tell(std::optional<SegmentProgress> progress, Batch batch, Result<void> result);

  event::EventLoop& loop_;
  Disk& disk_;
  const Options options_;
  const Paths paths_;
  const Clock& clock_;
  Random& random_;
  metrics::Counters& counters_;
  std::function<void(const SegmentProgress&)> on_progress_;
  std::unique_ptr<SegmentFile> segment_;
  std::unique_ptr<SegmentFile> uncut_;  // holds records that were refused, and its lock
  log::Condition failing_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Batch waiting_;          // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace postrider::spool
