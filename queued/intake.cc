#include "queued/intake.h"

#include <algorithm>

#include <fmt/format.h>

#include "queued/intake_segment.h"

namespace postrider::queued {

namespace {

constexpr log::Condition::Words kUnreadable{"segment_unreadable", "segments_readable",
                                            "the mail in it waits until it can be read"};
constexpr log::Condition::Words kNotNoted{
    "done_file_not_written", "done_files_written_again",
    "what is finished is remembered; a restart before that would deliver it again"};
constexpr log::Condition::Words kNotQuarantined{
    "quarantine_failed", "quarantine_works_again",
    "damaged mail stays where it is until it can be kept in quarantine/"};

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

Intake::Intake(spool::Disk& disk, const spool::Paths& paths, const Clock& clock, log::Logger& log,
               metrics::Counters& counters, IsPromoted is_promoted)
    : disk_(disk),
      paths_(paths),
      clock_(clock),
      started_(clock.now()),
      log_(log),
      counters_(counters),
      is_promoted_(std::move(is_promoted)),
      unreadable_(log, clock, kUnreadable),
      not_noted_(log, clock, kNotNoted),
      not_kept_(log, clock, kNotQuarantined) {}

Intake::~Intake() = default;

bool Intake::scan() {
  auto names = disk_.list(paths_.incoming());
  if (!names) {
    log_.error("spool_unreadable").with("reason", names.error().text);
    return false;
  }
  std::sort(names->begin(), names->end(), Older{});
  for (const auto& [name, progress] : std::exchange(unopened_, {})) on_progress(progress);
  bool all = true;
  for (const std::string& name : *names) {
    if (!name.ends_with(spool::kSegmentSuffix) || segments_.contains(name)) continue;
    all = segments_.size() < kMaxOpen;
    if (!all) break;  // the next look finds the others
    open(name);
  }
  caught_up_ = caught_up_ || (all && !unreadable_since_scan_);
  for (auto& [name, segment] : segments_) {
    segment->waits_for_look = false;
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
  if (!std::exchange(unreadable_since_scan_, false)) unreadable_.passed();
  for (auto& [name, segment] : segments_)
    if (!segment->entries.empty()) dirty_.insert(segment.get());
  flush();
  return true;
}

bool Intake::open(const std::string& name) {
  auto reader = SegmentReader::open(disk_, paths_, name);
  if (!reader) {
    const ErrorKind kind = reader.error().kind;
    if (kind == ErrorKind::corrupt) set_aside(name, reader.error().text);
    if (kind == ErrorKind::corrupt || kind == ErrorKind::not_found) return false;
    note_unreadable(name, reader.error());
    return true;
  }
  auto segment = std::make_unique<Segment>(disk_, paths_, std::move(*reader));
  // The clock may have been set back since: what was there before us is taken for older too.
  segment->earlier = !caught_up_ || segment->reader->created() < started_;
  // Else it is tried again by the next look.
  if (load_done(*segment)) segments_.emplace(name, std::move(segment));
  return true;
}

void Intake::note_unreadable(const std::string& segment, const Error& error) {
  unreadable_since_scan_ = true;
  counters_.add(metrics::Counter::queue_storage_failures);
  unreadable_.holds(fmt::format("{}: {}", segment, error.text));
}

bool Intake::load_done(Segment& segment) {
  const std::string& name = segment.reader->name();
  auto loaded = spool::DoneFile::load(disk_, paths_, name, segment.reader->salt());
  if (!loaded) {
    // What is finished is not known, so nothing of the segment may be attempted.
    note_unreadable(name, loaded.error());
    return false;
  }
  if (loaded->damaged > 0)
    log_.warning("done_file_damaged").with("segment", name).with("entries", loaded->damaged);
  segment.needs_entries = !loaded->entries.empty();
  if (segment.needs_entries) {
    // What a sync could not write is not written by the next one: it is written anew.
    const bool anew = unsynced_.contains(name);
    const auto synced = anew ? segment.done.append(loaded->entries, true) : segment.done.sync();
    if (!synced) {
      unsynced_.insert(name);
      note_unreadable(name, synced.error());
      return false;
    }
    unsynced_.erase(name);
  }
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
    const bool there = segments_.size() >= kMaxOpenAndTold || open(progress.segment);
    it = segments_.find(progress.segment);
    if (it == segments_.end() && there) unopened_[progress.segment] = progress;
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
    if (segment->is_read() || segment->waits_for_look) continue;
    if (auto message = read(*segment)) return message;
    if (segment->complete && segment->open == 0) finished_reading.push_back(name);
  }
  for (const std::string& name : finished_reading) remove_if_finished(*segments_.at(name));
  return nullptr;
}

std::unique_ptr<Message> Intake::read(Segment& segment) {
  while (true) {
    auto step = segment.doubtful
                    ? Result<SegmentReader::Step>(*std::exchange(segment.doubtful, std::nullopt))
                    : segment.reader->next(segment.limit, segment.unverified);
    if (!step) return wait_for_look(segment, step.error());
    auto* const damage = std::get_if<SegmentReader::Damage>(&*step);
    auto* const record = damage != nullptr && damage->record
                             ? &*damage->record
                             : std::get_if<SegmentReader::Record>(&*step);
    const auto done = record != nullptr ? is_done(segment, *record) : Result<bool>(false);
    if (!done) {
      segment.doubtful = std::move(*step);
      return wait_for_look(segment, done.error());
    }
    if (*done) continue;
    const bool told = damage != nullptr && damage->record && damage->acknowledged;
    if (damage != nullptr && !told) {
      on_damage(segment, *damage);
      continue;
    }
    if (record == nullptr) return nullptr;
    auto message = make_message(segment, std::move(*record));
    message->corrupt = told;  // the sender learns of it
    return message;
  }
}

std::unique_ptr<Message> Intake::wait_for_look(Segment& segment, const Error& error) {
  note_unreadable(segment.reader->name(), error);
  segment.waits_for_look = true;
  return nullptr;
}

Result<bool> Intake::is_done(Segment& segment, const SegmentReader::Record& record) {
  if (segment.finished.contains(record.offset)) {
    if (record.large) static_cast<void>(disk_.remove(paths_.large(record.id)));
    return true;
  }
  // A report that is written again may be younger than its row.
  if (!segment.earlier && !record.envelope.repeated()) return false;
  auto promoted = is_promoted_(record.id);
  if (promoted && *promoted) {
    segment.entries.push_back({.record = record.offset, .kind = DoneKind::promoted});
    segment.sync_entries = true;
    if (record.large) segment.unlink.push_back(record.id);
    dirty_.insert(&segment);
  }
  return promoted;
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
  message->young = YoungPlace{segment.reader->name(), record.offset, record.length, record.large};
  message->repeated = segment.earlier || message->data.envelope.repeated();
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

void Intake::delivered(const YoungPlace& place, const std::string& recipient) {
  Segment& segment = *segments_.at(place.segment);
  segment.entries.push_back({.record = place.record, .recipient = spool::recipient_key(recipient)});
  dirty_.insert(&segment);
}

void Intake::finished(const YoungPlace& place, const MessageId& id) {
  finish(place, id, DoneKind::finished);
}

void Intake::promoted(const YoungPlace& place, const MessageId& id) {
  finish(place, id, DoneKind::promoted);
  // Without it the message would begin again once the old generation has finished it.
  segments_.at(place.segment)->sync_entries = true;
}

void Intake::finish(const YoungPlace& place, const MessageId& id, DoneKind kind) {
  if (place.large) {
    Segment& segment = *segments_.at(place.segment);
    segment.unlink.push_back(id);
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
  segment.needs_entries = segment.needs_entries || segment.sync_entries;
  if (!written) {
    // They are kept for the next look.
    counters_.add(metrics::Counter::queue_storage_failures);
    not_noted_.holds(fmt::format("{}: {}", segment.reader->name(), written.error().text));
    return;
  }
  not_noted_.passed();
  segment.entries.clear();
  segment.sync_entries = false;
  remove_large_files(segment);
}

void Intake::remove_large_files(Segment& segment) {
  for (const MessageId& id : std::exchange(segment.unlink, {})) {
    static_cast<void>(disk_.remove(paths_.large(id)));
    large_in_use_.erase(id.str());
  }
}

bool Intake::is_finished(const Segment& segment) const {
  return segment.complete && segment.open == 0 && segment.is_read();
}

// The segment first: its .done file and large files are of no use without it, and a later look
// removes what a crash leaves. Where it would do harm if the segment came back without them, its
// removal is made durable before theirs.
void Intake::remove(Segment& segment) {
  const std::string name = segment.reader->name();
  auto removed = disk_.remove(paths_.segment(name));
  if (removed && (segment.needs_entries || segment.sync_entries))
    removed = disk_.sync_directory(paths_.incoming());
  if (!removed) {
    log_.error("segment_not_removed").with("segment", name).with("reason", removed.error().text);
    return;
  }
  remove_large_files(segment);
  static_cast<void>(disk_.remove(paths_.done(name)));
  segments_.erase(segments_.find(name));
}

void Intake::remove_if_finished(Segment& segment) {
  if (!is_finished(segment)) return;
  dirty_.erase(&segment);
  remove(segment);
}

}  // namespace postrider::queued
