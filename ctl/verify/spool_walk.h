// spool_walk.h - verifies a whole spool: every checksum, and every reference both ways.
//
// Read-only, with memory that is bounded whatever waits. The spool may be in use: what seems wrong
// is looked at a second time after a pause, and is a finding only if it is wrong still. What moves
// from state to state meanwhile (common/spool/STATES.md) is past it by then.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ctl/verify/spool_check.h"

namespace postrider::ctl {

class SpoolWalk {
 public:
  // Seeming findings that are looked at again together, after one pause.
  static constexpr std::size_t kDoubtful = 1000;

  // `pause` lets a spool that is in use move on: longer than any step from one state to the next
  // takes. `on_finding` is told what is wrong. All outlive the walk.
  SpoolWalk(spool::Disk& disk, const spool::Paths& paths, std::function<void()> pause,
            std::function<void(const Finding&)> on_finding)
      : disk_(disk), paths_(paths), pause_(std::move(pause)), on_finding_(std::move(on_finding)) {}
  SpoolWalk(const SpoolWalk&) = delete;
  SpoolWalk& operator=(const SpoolWalk&) = delete;

  // An Error: the spool cannot be walked, and nothing is said of what was not reached.
  Result<void> run();
  const SpoolCounts& counts() const noexcept { return counts_; }

 private:
  struct Doubt {
    Subject subject;
    SpoolFindings findings;
  };

  Result<void> walk();
  Result<void> note_large_files();
  Result<void> walk_incoming();
  Result<void> walk_orphans();
  Result<void> open_rows();
  Result<void> walk_rows();
  Result<void> walk_deferred();
  Result<void> count_quarantine();

  Result<void> examine(Subject subject);
  // The second look at all that was in doubt.
  Result<void> settle();
  // Whether a queued or a writer of segments has the spool.
  bool in_use();
  void tell(FindingKind kind, std::string where, std::string reason);

  spool::Disk& disk_;
  const spool::Paths& paths_;
  std::function<void()> pause_;
  std::function<void(const Finding&)> on_finding_;
  std::optional<RecordIndex> index_;
  std::optional<QueueRows> rows_;
  std::optional<SpoolCheck> check_;
  SpoolCounts counts_;
  std::vector<Doubt> doubts_;
};

}  // namespace postrider::ctl
