#include "queued/intake.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/overloaded.h"

namespace postrider::queued {

namespace {

using spool::DoneEntry;
using spool::DoneKind;
using spool::SegmentReader;

// The time in a segment's name, "<writer>-<time>.seg": 16 digits, so that text order is time order.
std::string_view time_in(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  return dash == std::string_view::npos ? name : name.substr(dash + 1);
}

}  // namespace

bool Intake::Older::operator()(std::string_view a, std::string_view b) const noexcept {
  const auto order = time_in(a).compare(time_in(b));
  return order == 0 ? a < b : order < 0;
}

struct Intake::Segment {
  Segment(spool::Disk& disk, const spool::Paths& paths, std::unique_ptr<SegmentReader> r)
      : reader(std::move(r)), done(disk, paths.done(reader->name()), reader->salt()) {}

  std::unique_ptr<SegmentReader> reader;
  spool::DoneFile done;
  std::vector<DoneEntry> entries;  // to be appended
  bool sync_entries = false;
  std::uint64_t limit = 0;         // octets that may be read
  bool complete = false;           // nothing will be added below or above `limit`
  bool earlier = false;            // an earlier queued may have attempted what is in it
  bool unverified = false;         // its writer died: the last batch may be torn
  std::uint64_t open = 0;          // messages taken in and not finished
  std::vector<std::string> unlink;       // large files to go once their entry is written
  std::unordered_set<std::uint64_t> finished;  // of an earlier life, by record
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> delivered;
  SourcePtr source;
};

Intake::Intake(spool::Disk& disk, const spool::Paths& paths, const Clock& clock, log::Logger& log,
               metrics::Counters& counters, IsPromoted is_promoted)
    : disk_(disk),
      paths_(paths),
      clock_(clock),
      started_(clock.now()),
      log_(log),
      counters_(counters),
      is_promoted_(std::move(is_promoted)) {}

Intake::~Intake() = default;

bool Intake::scan() {
  auto names = disk_.list(paths_.incoming());
  if (!names) {
    log_.error("spool_unreadable").with("reason", names.error().text);
    return false;
  }
  std::sort(names->begin(), names->end(), Older{});
  bool all = true;
  for (const std::string& name : *names) {
    if (!name.ends_with(spool::kSegmentSuffix) || segments_.contains(name)) continue;
    all = segments_.size() < kMaxOpen;
    if (!all) break;  // the next look finds the others
    open(name);
  }
  caught_up_ = caught_up_ || all;
  for (auto& [name, segment] : segments_) {
    if (segment->complete) continue;
    const auto gone = segment->reader->writer_is_gone();
    if (!gone || !*gone) continue;
    const auto size = segment->reader->size();
    if (!size) continue;
    segment->limit = *size;
    segment->complete = true;
    segment->unverified = true;
  }
  for (auto it = segments_.begin(); it != segments_.end();) remove_if_finished(*(it++)->second);
  remove_orphans();
  for (auto& [name, segment] : segments_)
    if (!segment->entries.empty()) dirty_.insert(segment.get());
  flush();
  return true;
}

void Intake::open(const std::string& name) {
  auto reader = SegmentReader::open(disk_, paths_, name);
  if (!reader) {
    if (reader.error().kind == ErrorKind::corrupt) set_aside(name, reader.error().text);
    else if (reader.error().kind != ErrorKind::not_found)
      log_.error("segment_unreadable").with("segment", name).with("reason", reader.error().text);
    return;
  }
  auto segment = std::make_unique<Segment>(disk_, paths_, std::move(*reader));
  // The clock may have been set back since: what was there before us is taken for older too.
  segment->earlier = !caught_up_ || segment->reader->created() < started_;
  if (!load_done(*segment)) return;  // tried again by the next look
  segments_.emplace(name, std::move(segment));
}

bool Intake::load_done(Segment& segment) {
  const std::string& name = segment.reader->name();
  auto loaded = spool::DoneFile::load(disk_, paths_, name, segment.reader->salt());
  if (!loaded) {
    log_.error("done_file_unreadable")
        .with("segment", name)
        .with("reason", loaded.error().text)
        .with("effect", "the segment waits until it can be read");
    return false;
  }
  if (loaded->damaged > 0)
    log_.warning("done_file_damaged").with("segment", name).with("entries", loaded->damaged);
  for (const DoneEntry& entry : loaded->entries) {
    if (entry.recipient == 0) {
      segment.finished.insert(entry.record);
    } else {
      segment.delivered[entry.record].push_back(entry.recipient);
    }
  }
  return true;
}

void Intake::on_progress(const spool::SegmentProgress& progress) {
  if (progress.segment.empty() || progress.segment.find('/') != std::string::npos) return;
  auto it = segments_.find(progress.segment);
  if (it == segments_.end()) {
    // A notice after the segment was finished and removed finds no file, and says nothing new.
    open(progress.segment);
    it = segments_.find(progress.segment);
    if (it == segments_.end()) return;
  }
  Segment& segment = *it->second;
  if (segment.complete) return;
  segment.limit = std::max(segment.limit, progress.durable);
  segment.complete = progress.sealed;
  if (segment.complete) remove_if_finished(segment);
}

std::unique_ptr<Message> Intake::next() {
  // The oldest first; a copy of the names, as a segment may go while it is read.
  std::vector<std::string> finished_reading;
  for (auto& [name, segment] : segments_) {
    if (segment->reader->cursor() >= segment->limit) continue;
    if (auto message = read(*segment)) return message;
    if (segment->complete && segment->open == 0) finished_reading.push_back(name);
  }
  for (const std::string& name : finished_reading) remove_if_finished(*segments_.at(name));
  return nullptr;
}

std::unique_ptr<Message> Intake::read(Segment& segment) {
  while (true) {
    auto step = segment.reader->next(segment.limit, segment.unverified);
    if (!step) {
      log_.error("segment_unreadable")
          .with("segment", segment.reader->name())
          .with("reason", step.error().text);
      return nullptr;
    }
    if (auto* record = std::get_if<SegmentReader::Record>(&*step)) {
      if (is_done(segment, *record)) continue;
      return make_message(segment, std::move(*record));
    }
    if (const auto* damage = std::get_if<SegmentReader::Damage>(&*step)) {
      on_damage(segment, *damage);
      continue;
    }
    return nullptr;
  }
}

bool Intake::is_done(Segment& segment, const SegmentReader::Record& record) {
  if (segment.finished.contains(record.offset)) {
    if (record.large) static_cast<void>(disk_.remove(paths_.large(record.id)));
    return true;
  }
  if (!segment.earlier) return false;
  const auto promoted = is_promoted_(record.id);
  if (!promoted || !*promoted) return false;
  segment.entries.push_back({.record = record.offset, .kind = DoneKind::promoted});
  dirty_.insert(&segment);
  return true;
}

std::unique_ptr<Message> Intake::make_message(Segment& segment, SegmentReader::Record record) {
  auto message = std::make_unique<Message>();
  message->data.id = record.id;
  message->data.arrival = WallTime(std::chrono::microseconds(record.envelope.arrival_us()));
  message->data.content_length = record.content_length;
  message->data.content_checksum = record.content_checksum;
  for (auto& recipient : *record.envelope.mutable_recipients())
    message->data.recipients.push_back({.address = recipient.address(),
                                        .original = recipient.address(),
                                        .notify = recipient.notify(),
                                        .orcpt = recipient.orcpt()});
  record.envelope.clear_recipients();
  message->data.envelope = std::move(record.envelope);
  message->young = YoungPlace{segment.reader->name(), record.offset, record.large};
  message->repeated = segment.earlier;
  if (const auto it = segment.delivered.find(record.offset); it != segment.delivered.end())
    message->delivered = it->second;
  if (!record.large) {
    if (!segment.source) {
      auto fd = disk_.open(paths_.segment(segment.reader->name()), spool::Disk::Mode::read);
      if (fd) segment.source = std::make_shared<SourceFile>(SourceFile{std::move(*fd)});
    }
    message->source = segment.source;  // null: opened again when it is needed
    message->content_offset = record.content_offset;
  }
  if (record.large) large_in_use_.insert(record.id.str());
  ++segment.open;
  counters_.add(metrics::Counter::queue_messages_taken_in);
  return message;
}

void Intake::on_damage(Segment& segment, const SegmentReader::Damage& damage) {
  if (damage.blank && damage.tail) return;  // space that a crash left unwritten
  const std::string& name = segment.reader->name();
  const std::string kept = fmt::format("{}@{}", name, damage.offset);
  const auto saved =
      quarantine_.copy(kept, segment.reader->fd(), damage.offset, damage.length);
  counters_.add(metrics::Counter::queue_messages_corrupt);
  log_.error("record_corrupt")
      .with("segment", name)
      .with("offset", damage.offset)
      .with("octets", damage.length)
      .with("reason", damage.reason)
      .with("meaning", damage.tail ? "the end of the segment: most likely a write that a crash cut "
                                     "off before it was acknowledged"
                                   : "acknowledged mail was damaged on the disk")
      .with("kept", saved ? quarantine_.path(kept) : saved.error().text);
}

// A segment whose header cannot be read: the file as a whole is kept for people.
void Intake::set_aside(const std::string& name, const std::string& reason) {
  if (!is_abandoned(paths_.segment(name))) return;
  const auto moved = quarantine_.move(name, paths_.segment(name));
  log_.error("segment_corrupt")
      .with("segment", name)
      .with("reason", reason)
      .with("kept", moved ? quarantine_.path(name) : paths_.segment(name));
}

// Whoever wrote the file holds its lock no more.
bool Intake::is_abandoned(const std::string& path) {
  auto fd = disk_.open(path, spool::Disk::Mode::read);
  if (!fd) return false;
  const auto locked = disk_.lock(fd->get());
  return locked && *locked;
}

void Intake::delivered(const YoungPlace& place, const std::string& recipient) {
  Segment& segment = *segments_.at(place.segment);
  segment.entries.push_back(
      {.record = place.record, .recipient = spool::recipient_key(recipient)});
  dirty_.insert(&segment);
}

void Intake::finished(const YoungPlace& place, const MessageId& id) {
  finish(place, id, DoneKind::finished);
}

void Intake::promoted(const YoungPlace& place, const MessageId& id) {
  finish(place, id, DoneKind::promoted);
  // Forgetting it after the old generation has finished with the message would deliver it again.
  segments_.at(place.segment)->sync_entries = true;
}

void Intake::finish(const YoungPlace& place, const MessageId& id, DoneKind kind) {
  if (place.large) {
    Segment& segment = *segments_.at(place.segment);
    segment.unlink.push_back(paths_.large(id));
    large_in_use_.erase(id.str());
    // The file goes once the entry is written; with the power the entry must not go without it.
    segment.sync_entries = true;
  }
  close_record(place, kind);
}

void Intake::dropped_copy(const YoungPlace& place) { close_record(place, DoneKind::finished); }

void Intake::close_record(const YoungPlace& place, DoneKind kind) {
  Segment& segment = *segments_.at(place.segment);
  segment.entries.push_back({.record = place.record, .kind = kind});
  --segment.open;
  dirty_.insert(&segment);
}

void Intake::corrupt(const YoungPlace& place, const MessageId& id) {
  Segment& segment = *segments_.at(place.segment);
  const auto saved = place.large
                         ? quarantine_.link(id.str(), paths_.large(id))
                         : quarantine_.copy(id.str(), segment.reader->fd(), place.record,
                                            length_of(segment, place.record));
  counters_.add(metrics::Counter::queue_messages_corrupt);
  log_.error("message_corrupt")
      .id(id)
      .with("segment", place.segment)
      .with("offset", place.record)
      .with("meaning", "the content does not match its checksum: damaged on the disk")
      .with("kept", saved ? quarantine_.path(id.str()) : saved.error().text);
  // Else the segment stays, and a restart comes here again.
  if (saved) finish(place, id, DoneKind::finished);
}

std::uint64_t Intake::length_of(Segment& segment, std::uint64_t record) {
  const std::uint64_t most = segment.limit - record;
  std::string bytes(spool::kRecordHeaderSize, '\0');
  const auto n = disk_.read(segment.reader->fd(), record, bytes);
  if (!n || *n < bytes.size()) return most;
  const auto header = spool::decode_record_header(bytes);
  return header ? std::min(spool::record_size(*header), most) : most;
}

void Intake::flush() {
  for (Segment* const segment : std::exchange(dirty_, {})) {
    if (is_finished(*segment)) {
      remove(*segment);  // with the segment gone nobody asks for its entries
    } else {
      write_entries(*segment);
    }
  }
}

void Intake::write_entries(Segment& segment) {
  if (segment.entries.empty()) return;
  auto written = segment.done.append(segment.entries, segment.sync_entries);
  if (!written) {
    // They are kept for the next look; a restart before that attempts the messages anew.
    if (!std::exchange(failing_, true))
      log_.error("done_file_not_written")
          .with("segment", segment.reader->name())
          .with("reason", written.error().text);
    return;
  }
  failing_ = false;
  segment.entries.clear();
  segment.sync_entries = false;
  for (const std::string& path : std::exchange(segment.unlink, {}))
    static_cast<void>(disk_.remove(path));
}

bool Intake::is_finished(const Segment& segment) const {
  return segment.complete && segment.open == 0 && segment.reader->cursor() >= segment.limit;
}

// The segment first: its .done file and large files are of no use without it, and a later look
// removes what a crash leaves.
void Intake::remove(Segment& segment) {
  const std::string name = segment.reader->name();
  auto removed = disk_.remove(paths_.segment(name));
  if (removed && !segment.unlink.empty()) removed = disk_.sync_directory(paths_.incoming());
  if (!removed) {
    log_.error("segment_not_removed").with("segment", name).with("reason", removed.error().text);
    return;
  }
  for (const std::string& path : segment.unlink) static_cast<void>(disk_.remove(path));
  static_cast<void>(disk_.remove(paths_.done(name)));
  segments_.erase(segments_.find(name));
}

void Intake::remove_if_finished(Segment& segment) {
  if (!is_finished(segment)) return;
  dirty_.erase(&segment);
  remove(segment);
}

// .done files without a segment, left by a crash between the two removals; segments that never got
// their name; and large files without a record, left by a writer that died while one arrived.
void Intake::remove_orphans() {
  auto names = disk_.list(paths_.incoming());
  if (!names) return;
  for (const std::string& name : *names) {
    if (name.ends_with(spool::kUnfinishedSuffix) && is_abandoned(paths_.segment(name)))
      static_cast<void>(disk_.remove(paths_.segment(name)));
    if (!name.ends_with(spool::kDoneSuffix)) continue;
    const std::string segment = name.substr(0, name.size() - spool::kDoneSuffix.size());
    if (!std::binary_search(names->begin(), names->end(), segment) && !segments_.contains(segment))
      static_cast<void>(disk_.remove(paths_.segment(name)));
  }
  const bool all_read = std::all_of(segments_.begin(), segments_.end(), [](const auto& entry) {
    return entry.second->complete && entry.second->reader->cursor() >= entry.second->limit;
  });
  if (!all_read) return;  // a record that refers to the file may be still to come
  auto files = disk_.list(paths_.large());
  if (!files) return;
  for (const std::string& name : *files) {
    const auto id = MessageId::parse(name);
    if (!id || large_in_use_.contains(name) || clock_.now() - id->time() < kOrphanAge ||
        !is_abandoned(paths_.large(*id)))
      continue;
    log_.warning("orphan_removed").id(*id).with("reason", "a large message that never became whole");
    static_cast<void>(disk_.remove(paths_.large(*id)));
  }
}

}  // namespace postrider::queued
