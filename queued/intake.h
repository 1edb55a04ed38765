// intake.h - the queue's way into the young generation: which segments there are, how far each may
// be read, what of it is finished, and when it goes.
//
// Messages are read by cursor, only as the queue asks for them: a backlog waits on disk. Nothing is
// trusted: what fails its checksum is copied to quarantine/ with a line that says so, and the rest
// goes on. See common/spool/STATES.md.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/log/condition.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/spool/disk.h"
#include "common/spool/done_file.h"
#include "common/spool/paths.h"
#include "common/spool/progress.h"
#include "common/spool/segment_reader.h"
#include "queued/message.h"
#include "queued/quarantine.h"

namespace postrider::queued {

class Intake {
 public:
  // Whether a message was promoted, though its .done entry may have been lost with the power.
  using IsPromoted = std::function<Result<bool>(const MessageId&)>;

  // A large file without a record is an orphan when it is older than any transfer can be.
  static constexpr std::chrono::hours kOrphanAge{24};
  // A segment without its name is abandoned when it is older than its making can take.
  static constexpr std::chrono::minutes kNewAge{1};
  // Segments open at once, without and with those that a living writer tells of: a backlog waits
  // closed.
  static constexpr std::size_t kMaxOpen = 256;
  static constexpr std::size_t kMaxOpenAndTold = 2048;

  // All outlive the Intake.
  Intake(spool::Disk& disk, const spool::Paths& paths, const Clock& clock, log::Logger& log,
         metrics::Counters& counters, IsPromoted is_promoted);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // Looks for segments that are not known yet, and for writers that are gone: at the start, when a
  // connection to smtpd ends, and now and then. Returns whether there may be something to read.
  bool scan();

  // A writer says how far its segment is durable.
  void on_progress(const spool::SegmentProgress& progress);

  // The next message that is not finished; null if there is none for now.
  std::unique_ptr<Message> next();

  // `recipient` of a message of ours was delivered while others are not; survives a killed process.
  void delivered(const YoungPlace& place, const std::string& recipient);
  // Every recipient has met its fate.
  void finished(const YoungPlace& place, const MessageId& id);
  // The old generation has it durably.
  void promoted(const YoungPlace& place, const MessageId& id);
  // The content of a message, of the young or the old generation, does not match its checksum:
  // keeps it in quarantine/ and says so. False: it could not be kept.
  bool quarantine(const Message& message);
  // The record is a copy of one that is under way, as of a segment that was restored beside itself:
  // finishes it, and leaves the large file to the other.
  void dropped_copy(const YoungPlace& place);

  // Where the content of a message of the young or the old generation is.
  std::string young_path(const YoungPlace& place, const MessageId& id) const {
    return place.large ? paths_.large(id) : paths_.segment(place.segment);
  }
  std::string deferred_path(const MessageId& id) const { return paths_.deferred(id); }

  // Writes the entries that gathered, and removes segments that are finished: once a turn.
  void flush();

 private:
  struct Segment;
  // By the time in their names, whoever wrote them.
  struct Older {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept;
  };

  // False: there is no such segment.
  bool open(const std::string& name);
  bool load_done(Segment& segment);
  void note_unreadable(const std::string& segment, const Error& error);
  void finish(const YoungPlace& place, const MessageId& id, spool::DoneKind kind);
  void close_record(const YoungPlace& place, spool::DoneKind kind);
  Result<void> keep(const Message& message);
  std::unique_ptr<Message> read(Segment& segment);
  std::unique_ptr<Message> wait_for_look(Segment& segment, const Error& error);
  std::unique_ptr<Message> make_message(Segment& segment, spool::SegmentReader::Record record);
  // Finished before, or in the old generation already.
  Result<bool> is_done(Segment& segment, const spool::SegmentReader::Record& record);
  void on_damage(Segment& segment, const spool::SegmentReader::Damage& damage);
  void set_aside(const std::string& name, const std::string& reason);
  void write_entries(Segment& segment);
  void remove_large_files(Segment& segment);
  bool is_finished(const Segment& segment) const;
  void remove(Segment& segment);
  void remove_if_finished(Segment& segment);
  bool is_abandoned(const std::string& path);
  void remove_orphans();
  void remove_orphan(const MessageId& id);

  spool::Disk& disk_;
  const spool::Paths paths_;
  const Clock& clock_;
  const WallTime started_;
  log::Logger& log_;
  metrics::Counters& counters_;
  IsPromoted is_promoted_;
  Quarantine quarantine_{disk_, paths_};
  std::map<std::string, std::unique_ptr<Segment>, Older> segments_;
  std::map<std::string, spool::SegmentProgress>
      unopened_;                              // told of segments that cannot be read yet
  std::unordered_set<Segment*> dirty_;        // with entries to be written, or finished
  std::unordered_set<std::string> unsynced_;  // segments whose .done could not be synced at a load
  bool caught_up_ = false;  // every segment that an earlier queued may have read is known
  std::unordered_set<std::string> large_in_use_;  // ids of messages taken in and not finished
  log::Condition unreadable_;
  bool unreadable_since_scan_ = false;
  log::Condition not_noted_;
  log::Condition not_kept_;
};

}  // namespace postrider::queued
