// writer.h - the young generation's writing side: messages become durable by group commit.
//
// A Draft collects one message as it arrives: in memory while it is small, in a file of its own
// under incoming/large/ from Options::large_message octets on, so that memory is bounded whatever
// the message's size. commit() hands it to the committer thread, which appends the batch that
// gathered meanwhile to this writer's segment and syncs once for all of it; then `done` runs on the
// loop. Until then nothing was promised, and a Draft that is dropped leaves nothing behind.
//
// The loop's thread calls everything here. See STATES.md for the files and who may touch them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/base/pending.h"
#include "common/base/random.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"
#include "common/log/condition.h"
#include "common/metrics/counters.h"
#include "common/spool/disk.h"
#include "common/spool/envelope.pb.h"
#include "common/spool/paths.h"
#include "common/spool/progress.h"

namespace postrider::spool {

class Committer;
class LargeFile;
class Writer;

class Draft {
 public:
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft();  // removes the large file, if one was begun and not committed

  const MessageId& id() const noexcept { return id_; }

  // Adds content: CRLF lines, dots unstuffed. An error (disk full, I/O) is temporary; the Draft can
  // then only be dropped. The log was told, once for all that suffer.
  Result<void> append(std::string_view bytes);

  // Octets so far.
  std::uint64_t size() const noexcept { return size_; }

 private:
  friend class Writer;
  Draft(Writer& writer, const MessageId& id, std::uint64_t expected_size);
  Result<void> append_to_file(std::string_view bytes);
  Result<void> write_to_file(std::string_view bytes);
  Result<void> flush();

  Writer& writer_;
  MessageId id_;
  std::string memory_;  // all of it, or what is not in the file yet
  std::unique_ptr<LargeFile> large_;
  std::uint64_t size_ = 0;
};

class Writer {
 public:
  struct Options {
    std::string directory;  // the spool; incoming/ and incoming/large/ exist in it
    std::string name;       // "smtpd0": unique among living writers
    unsigned number = 0;    // for MessageId, unique among living writers
    std::uint64_t segment_size = 64U << 20U;
    std::chrono::seconds segment_age{60};
    std::uint64_t large_message = 256U << 10U;
    std::uint64_t min_free = 16U << 20U;
  };

  using Done = UniqueFunction<void(Result<void>)>;
  using OnProgress = UniqueFunction<void(const SegmentProgress&)>;

  // All that is handed in by reference outlives the Writer. `on_progress` runs on the loop after
  // each commit and each seal. Opens nothing yet: the first commit makes the first segment.
  Writer(event::EventLoop& loop, Disk& disk, Options options, const Clock& clock, Random& random,
         log::Logger& log, metrics::Counters& counters, OnProgress on_progress);
  // Commits what was handed over, seals the segment, stops the thread.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Begins a message. Fails (temporary) when the file system has less than min_free octets left
  // beside `expected_size`, the size the client declared (0: unknown). The log was told of a lack
  // of space, once for all that suffer. `id`: the message's, where it has one already.
  Result<std::unique_ptr<Draft>> begin(std::uint64_t expected_size,
                                       std::optional<MessageId> id = std::nullopt);

  // Makes draft and envelope durable, then calls `done` on the loop. The envelope's id must be the
  // draft's. An error means: not accepted, nothing will be delivered. Destroying the Pending only
  // stops `done`; the message may still become durable (the client never saw a reply).
  [[nodiscard]] PendingPtr commit(std::unique_ptr<Draft> draft, const Envelope& envelope,
                                  Done done);

  // Where the segment stands now, for a queued that has just come back. Empty name: no segment.
  SegmentProgress progress() const;

 private:
  friend class Draft;

  Result<void> look_at_space();
  Error too_little_space() const;

  event::EventLoop& loop_;
  Disk& disk_;
  const Options options_;
  const Paths paths_;
  const Clock& clock_;
  MessageIdSource ids_;
  OnProgress on_progress_;
  SegmentProgress progress_;
  std::chrono::microseconds space_known_at_{-1};
  std::uint64_t space_ = 0;
  log::Condition full_;
  log::Condition large_failing_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: posted notices
  std::unique_ptr<Committer> committer_;
};

}  // namespace postrider::spool
