#include "ctl/verify/spool_check.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "common/spool/done_file.h"
#include "ctl/verify/content_check.h"

namespace postrider::ctl {

namespace {

using spool::SegmentReader;

// Which of three findings an error is, by its kind.
FindingKind kind_of(const Error& error, FindingKind unreadable, FindingKind damaged,
                    FindingKind newer) {
  if (error.kind == ErrorKind::corrupt) return damaged;
  return error.kind == ErrorKind::invalid ? newer : unreadable;
}

}  // namespace

bool is_locked(spool::Disk& disk, const std::string& path) {
  const auto fd = disk.open(path, spool::Disk::Mode::read);
  if (!fd) return false;
  const auto locked = disk.lock(fd->get());
  return locked && !*locked;
}

// Its .done file is read before its size is asked for: an entry that is there then speaks of a
// record that is there as well.
class SpoolCheck::SegmentLook {
 public:
  SegmentLook(SpoolCheck& check, const std::string& name, SpoolCounts& counts)
      : check_(check), name_(name), path_(check.paths_.segment(name)), counts_(counts) {}

  Result<SpoolFindings> run() {
    auto reader = SegmentReader::open(check_.disk_, check_.paths_, name_);
    if (!reader) {
      if (reader.error().kind != ErrorKind::not_found)  // finished meanwhile
        add(kind_of(reader.error(), FindingKind::segment_unreadable, FindingKind::segment_damaged,
                    FindingKind::segment_newer),
            path_, reader.error().text);
      return std::move(findings_);
    }
    ++counts_.segments;
    if (!load_done((*reader)->salt())) return std::move(findings_);
    if (auto read = read_records(**reader); !read) return pass_on(std::move(read.error()));
    look_for_entries_without_record();
    return std::move(findings_);
  }

 private:
  void add(FindingKind kind, std::string where, std::string reason, std::string id = {}) {
    findings_.push_back({kind, std::move(where), std::move(id), std::move(reason)});
  }

  std::string at(std::uint64_t offset) const { return fmt::format("{}@{}", path_, offset); }

  // False: what is finished is not known, so nothing can be said of the records.
  bool load_done(std::uint64_t salt) {
    const auto loaded = spool::DoneFile::load(check_.disk_, check_.paths_, name_, salt);
    const std::string done_path = check_.paths_.done(name_);
    if (!loaded) {
      add(kind_of(loaded.error(), FindingKind::done_unreadable, FindingKind::done_unreadable,
                  FindingKind::done_newer),
          done_path, loaded.error().text);
      return false;
    }
    if (loaded->damaged > 0)
      add(FindingKind::done_damaged, done_path, fmt::format("{} damaged entries", loaded->damaged));
    for (const spool::DoneEntry& entry : loaded->entries) {
      entries_.insert(entry.record);
      if (entry.recipient == 0) closed_.insert(entry.record);
    }
    return true;
  }

  Result<void> read_records(SegmentReader& reader) {
    const auto size = reader.size();
    if (!size) return pass_on(size.error());
    while (true) {
      auto step = reader.next(*size, true);
      if (!step) {
        add(FindingKind::segment_unreadable, path_, step.error().text);
        complete_ = false;
        return {};
      }
      if (std::holds_alternative<SegmentReader::NoMore>(*step)) return {};
      if (const auto* damage = std::get_if<SegmentReader::Damage>(&*step)) take(*damage);
      if (const auto* record = std::get_if<SegmentReader::Record>(&*step))
        if (auto taken = take(*record); !taken) return taken;
    }
  }

  void take(const SegmentReader::Damage& damage) {
    if (damage.blank && damage.tail) return;  // space that a crash left unwritten
    entries_.erase(entries_.lower_bound(damage.offset),
                   entries_.lower_bound(damage.offset + damage.length));
    add(damage.tail ? FindingKind::record_torn : FindingKind::record_damaged, at(damage.offset),
        fmt::format("{} ({} octets)", damage.reason, damage.length),
        damage.record ? damage.record->id.str() : std::string());
  }

  Result<void> take(const SegmentReader::Record& record) {
    ++counts_.records;
    counts_.octets += record.large ? 0 : record.content_length;
    entries_.erase(record.offset);
    const bool open = !closed_.contains(record.offset);
    const RecordIndex::Place place{name_, record.offset};
    if (auto added = check_.index_.add(record.id, place, open); !added) return added;
    if (!open) return {};
    ++counts_.open;
    if (record.large) look_at_large(record);
    const auto others = check_.index_.others(record.id, place);
    if (!others) return pass_on(others.error());
    for (const RecordIndex::Place& other : *others)
      add(FindingKind::record_twice, at(record.offset),
          fmt::format("the same message stands at {}@{}", check_.paths_.segment(other.segment),
                      other.offset),
          record.id.str());
    return {};
  }

  void look_at_large(const SegmentReader::Record& record) {
    const std::string path = check_.paths_.large(record.id);
    const auto content =
        check_content(check_.disk_, path, record.content_length, record.content_checksum);
    counts_.octets += content ? record.content_length : 0;
    if (content) return;
    add(content.error().kind == ErrorKind::not_found ? FindingKind::large_missing
                                                     : FindingKind::large_damaged,
        path, content.error().text, record.id.str());
  }

  void look_for_entries_without_record() {
    if (!complete_ || entries_.empty()) return;
    add(FindingKind::done_without_record, check_.paths_.done(name_),
        fmt::format("{} records that the segment does not have, the first at offset {}",
                    entries_.size(), *entries_.begin()));
  }

  SpoolCheck& check_;
  const std::string& name_;
  const std::string path_;
  SpoolCounts& counts_;
  SpoolFindings findings_;
  std::set<std::uint64_t> entries_;           // records of the .done file that were not met yet
  std::unordered_set<std::uint64_t> closed_;  // records that are finished or promoted
  bool complete_ = true;                      // the segment was read to its end
};

Result<SpoolFindings> SpoolCheck::look(const Subject& subject, SpoolCounts& counts) {
  switch (subject.kind) {
    case SubjectKind::segment: return SegmentLook(*this, subject.name, counts).run();
    case SubjectKind::done_file: return look_at_done_file(subject.name);
    case SubjectKind::unfinished_segment: return look_at_unfinished(subject.name);
    case SubjectKind::orphan: return look_at_orphan(subject.name);
    case SubjectKind::row: return look_at_row(subject.name, counts);
    case SubjectKind::deferred_file: return look_at_deferred(subject.name, counts);
  }
  return SpoolFindings();
}

bool SpoolCheck::exists(const std::string& path) {
  const auto fd = disk_.open(path, spool::Disk::Mode::read);
  return fd || fd.error().kind != ErrorKind::not_found;
}

Result<SpoolFindings> SpoolCheck::look_at_done_file(const std::string& name) {
  const std::string path = paths_.segment(name);
  const std::string segment = path.substr(0, path.size() - spool::kDoneSuffix.size());
  if (exists(segment) || !exists(path)) return SpoolFindings();
  return SpoolFindings{{FindingKind::done_without_segment, path, "", "its segment is not there"}};
}

Result<SpoolFindings> SpoolCheck::look_at_unfinished(const std::string& name) {
  const std::string path = paths_.segment(name);
  if (!exists(path) || is_locked(disk_, path)) return SpoolFindings();
  return SpoolFindings{
      {FindingKind::segment_unfinished, path, "", "left by a writer that was killed"}};
}

Result<SpoolFindings> SpoolCheck::look_at_orphan(const std::string& name) {
  const auto id = MessageId::parse(name);
  if (!id || !exists(paths_.large(*id))) return SpoolFindings();
  const auto has = index_.has_record(*id);
  if (!has) return pass_on(has.error());
  if (*has) return SpoolFindings();
  return SpoolFindings{{FindingKind::large_without_record, paths_.large(*id), name,
                        "no record in incoming/ speaks of it"}};
}

Result<SpoolFindings> SpoolCheck::look_at_row(const std::string& id, SpoolCounts& counts) {
  const std::string where = fmt::format("{} row {}", paths_.queue_db(), id);
  const auto row = rows_->find(id);
  if (!row) return SpoolFindings{{FindingKind::row_damaged, where, id, row.error().text}};
  if (!*row) return SpoolFindings();  // finished meanwhile
  ++counts.rows;
  const auto parsed = MessageId::parse(id);
  if (!(*row)->sound || !parsed)
    return SpoolFindings{{FindingKind::row_damaged, where, id,
                          "its id, envelope, state or recipients cannot be used"}};
  const std::string path = paths_.deferred(*parsed);
  const auto content = check_content(disk_, path, (*row)->content_length, (*row)->content_checksum);
  counts.octets += (*row)->content_length;
  if (content) return SpoolFindings();
  const bool missing = content.error().kind == ErrorKind::not_found;
  return SpoolFindings{
      {missing ? FindingKind::row_without_content : FindingKind::content_damaged, path, id,
       missing ? "the content of a message that waits is not there" : content.error().text}};
}

Result<SpoolFindings> SpoolCheck::look_at_deferred(const std::string& name, SpoolCounts& counts) {
  const std::string path = paths_.deferred() + '/' + name;
  if (!exists(path)) return SpoolFindings();
  const auto id = MessageId::parse(name.substr(name.rfind('/') + 1));
  if (!id || paths_.deferred(*id) != path)
    return SpoolFindings{
        {FindingKind::foreign_file, path, "", "not the content of a message in its place"}};
  ++counts.deferred_files;
  if (rows_) {
    // A row that cannot be read is told when rows are looked at.
    const auto row = rows_->find(id->str());
    if (!row || *row) return SpoolFindings();
  } else if (exists(paths_.queue_db())) {
    return SpoolFindings();  // nothing is known of rows
  }
  // Copied, and not yet promoted: its record in incoming/ is still open.
  const auto young = index_.has_open_record(*id);
  if (!young) return pass_on(young.error());
  if (*young) return SpoolFindings();
  return SpoolFindings{
      {FindingKind::content_without_row, path, id->str(), "queue.db has no row for it"}};
}

}  // namespace postrider::ctl
