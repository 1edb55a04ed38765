// intake_recovery.cc - what crashes and damage have left in the spool.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "queued/intake.h"
#include "queued/intake_segment.h"

namespace postrider::queued {

namespace {

using spool::SegmentReader;

// For the log, which cuts what is too long for a line.
std::string addresses(const spool::Envelope& envelope) {
  std::string all;
  for (const auto& recipient : envelope.recipients()) {
    if (all.size() > log::Entry::kMaxValue) break;
    if (!all.empty()) all += ' ';
    all += recipient.address();
  }
  return all;
}

// When a segment was begun, by its name "<writer>-<16 hexadecimal digits>..."; 1970 if it says
// nothing.
WallTime time_of(std::string_view name) {
  std::uint64_t microseconds = 0;
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return {};
  std::from_chars(name.data() + dash + 1, name.data() + name.size(), microseconds, 16);
  return WallTime(std::chrono::microseconds(microseconds));
}

}  // namespace

void Intake::on_damage(Segment& segment, const SegmentReader::Damage& damage) {
  if (damage.blank && damage.tail) return;  // space that a crash left unwritten
  const std::string& name = segment.reader->name();
  const std::string kept = fmt::format("{}@{}", name, damage.offset);
  const auto saved = quarantine_.copy(kept, segment.reader->fd(), damage.offset, damage.length);
  counters_.add(metrics::Counter::queue_messages_corrupt);
  auto entry = log_.error("record_corrupt");
  entry.with("segment", name)
      .with("offset", damage.offset)
      .with("octets", damage.length)
      .with("reason", damage.reason)
      .with("meaning", damage.acknowledged
                           ? "acknowledged mail was damaged on the disk"
                           : "of the last write: most likely a crash cut it off before it was "
                             "acknowledged")
      .with("kept", saved ? quarantine_.path(kept) : saved.error().text);
  if (!saved) ++segment.open;  // it stands nowhere else: the segment stays, for the next start
  if (damage.record)
    entry.id(damage.record->id)
        .with("from", damage.record->envelope.sender())
        .with("to", addresses(damage.record->envelope));
}

// A segment whose header cannot be read: the file as a whole is kept for people.
void Intake::set_aside(const std::string& name, const std::string& reason) {
  if (!is_abandoned(paths_.segment(name))) return;
  if (const auto moved = quarantine_.move(name, paths_.segment(name)); !moved)
    return not_kept_.holds(moved.error().text);
  not_kept_.passed();
  // One who mends the header finds beside it what was finished.
  static_cast<void>(quarantine_.move(name + std::string(spool::kDoneSuffix), paths_.done(name)));
  log_.error("segment_corrupt")
      .with("segment", name)
      .with("reason", reason)
      .with("kept", quarantine_.path(name));
}

// Whoever wrote the file holds its lock no more.
bool Intake::is_abandoned(const std::string& path) {
  auto fd = disk_.open(path, spool::Disk::Mode::read);
  if (!fd) return false;
  const auto locked = disk_.lock(fd->get());
  return locked && *locked;
}

bool Intake::quarantine(const Message& message) {
  const MessageId& id = message.data.id;
  if (const auto kept = keep(message); !kept) {
    not_kept_.holds(kept.error().text);
    return false;
  }
  not_kept_.passed();
  counters_.add(metrics::Counter::queue_messages_corrupt);
  auto entry = log_.error("message_corrupt");
  entry.id(id);
  if (message.young)
    entry.with("segment", message.young->segment).with("offset", message.young->record);
  entry.with("meaning", "the content does not match its checksum: damaged on the disk")
      .with("kept", quarantine_.path(id.str()));
  return true;
}

Result<void> Intake::keep(const Message& message) {
  const std::string id = message.data.id.str();
  if (!message.young) return quarantine_.link(id, paths_.deferred(message.data.id));
  const YoungPlace& place = *message.young;
  if (place.large) return quarantine_.link(id, paths_.large(message.data.id));
  return quarantine_.copy(id, segments_.at(place.segment)->reader->fd(), place.record,
                          place.length);
}

// .done files without a segment, left by a crash between the two removals; segments that never got
// their name; and large files without a record, left by a writer that died while one arrived.
void Intake::remove_orphans() {
  auto names = disk_.list(paths_.incoming());
  if (!names) return;
  for (const std::string& name : *names) {
    // Between its making and its lock a new one looks abandoned too.
    if (name.ends_with(spool::kUnfinishedSuffix) && clock_.now() - time_of(name) >= kNewAge &&
        is_abandoned(paths_.segment(name)))
      static_cast<void>(disk_.remove(paths_.segment(name)));
    if (!name.ends_with(spool::kDoneSuffix)) continue;
    const std::string segment = name.substr(0, name.size() - spool::kDoneSuffix.size());
    if (!std::binary_search(names->begin(), names->end(), segment) && !segments_.contains(segment))
      static_cast<void>(disk_.remove(paths_.segment(name)));
  }
  const bool all_read = std::all_of(names->begin(), names->end(), [this](const std::string& name) {
    if (!name.ends_with(spool::kSegmentSuffix)) return true;
    const auto it = segments_.find(name);
    return it != segments_.end() && it->second->complete && it->second->is_read();
  });
  // A record that refers to the file may be still to come, also in a segment that waits for its
  // turn or could not be opened.
  if (!all_read) return;
  auto files = disk_.list(paths_.large());
  if (!files) return;
  for (const std::string& name : *files) {
    const auto id = MessageId::parse(name);
    if (!id || large_in_use_.contains(name) || clock_.now() - id->time() < kOrphanAge ||
        !is_abandoned(paths_.large(*id)))
      continue;
    remove_orphan(*id);
  }
}

// Where a damaged record was set aside, the file may be the content that it spoke of.
void Intake::remove_orphan(const MessageId& id) {
  const auto damaged = disk_.list(paths_.quarantine());
  if (damaged && damaged->empty()) {
    log_.warning("orphan_removed").id(id).with("reason", "a large message that never became whole");
    static_cast<void>(disk_.remove(paths_.large(id)));
    return;
  }
  if (quarantine_.move(id.str(), paths_.large(id)))
    log_.warning("orphan_kept")
        .id(id)
        .with("reason", "a large message without a record; the record may be among the damaged")
        .with("kept", quarantine_.path(id.str()));
}

}  // namespace postrider::queued
