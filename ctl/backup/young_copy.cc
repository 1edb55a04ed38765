#include "ctl/backup/young_copy.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "ctl/backup/copy.h"
#include "ctl/verify/spool_check.h"

namespace postrider::ctl::backup {

namespace {

using spool::DoneEntry;
using spool::DoneKind;
using spool::SegmentReader;

constexpr const char* kIncoming = "spool/incoming/";
constexpr const char* kLarge = "spool/incoming/large/";

// `error` as one of the file `path`, which not every text says.
Error of_file(const std::string& path, const Error& error) {
  if (error.text.starts_with(path)) return error;
  return {error.kind, fmt::format("{}: {}", path, error.text)};
}

// Octets of a .done file up to the end of its last whole entry; none without a header.
std::uint64_t whole_entries(std::uint64_t size) noexcept {
  if (size < spool::kDoneHeaderSize) return 0;
  return size - (size - spool::kDoneHeaderSize) % spool::kDoneEntrySize;
}

}  // namespace

YoungCopy::YoungCopy(spool::Disk& disk, const spool::Paths& from, Draft& draft)
    : disk_(disk), from_(from), draft_(draft), to_{draft.at("spool")} {}

Result<std::vector<std::string>> YoungCopy::segments() {
  auto names = disk_.list(from_.incoming());
  if (names)
    std::erase_if(*names,
                  [](const std::string& name) { return !name.ends_with(spool::kSegmentSuffix); });
  return names;
}

Result<void> YoungCopy::copy_done_files() {
  const auto names = segments();
  if (!names) return pass_on(names.error());
  for (const std::string& name : *names)
    if (auto copied = copy_done(name); !copied) return copied;
  return {};
}

Result<void> YoungCopy::copy_done(const std::string& segment) {
  const std::string path = from_.done(segment);
  const auto from = open_to_read(path);
  if (!from && from.error().kind == ErrorKind::not_found) return {};
  if (!from) return pass_on(from.error());
  struct stat status {};
  if (::fstat(from->get(), &status) != 0) return fail_errno(path, errno);
  const std::string name = to_.done(segment);
  const auto to = make_file(name);
  if (!to) return pass_on(to.error());
  const auto copied = copy_octets({from->get(), path}, {to->get(), name});
  if (!copied) return pass_on(copied.error());
  // queued may have been writing an entry just then.
  if (::ftruncate(to->get(), static_cast<off_t>(whole_entries(copied->size))) != 0)
    return fail_errno(name, errno);
  taken_[segment].done = status;
  // queued removes a segment before its entries: if that is there still, they were not gone.
  if (!is_there(from_.segment(segment))) forget(segment);
  return {};
}

// All that a segment held is finished or promoted once it is gone, and needs no copy.
void YoungCopy::forget(const std::string& name) {
  ::unlink(to_.done(name).c_str());
  taken_.erase(name);
}

void YoungCopy::note_gone(Taken& taken) {
  if (!std::exchange(taken.is_gone, true)) ++vanished_;
}

Result<void> YoungCopy::copy_segments() {
  const auto names = segments();
  if (!names) return pass_on(names.error());
  vanished_ = 0;
  for (auto& [name, taken] : taken_)
    if (!std::binary_search(names->begin(), names->end(), name)) note_gone(taken);
  for (const std::string& name : *names)
    if (auto copied = copy_segment(name); !copied) return copied;
  return {};
}

Result<void> YoungCopy::copy_segment(const std::string& name) {
  const auto known = taken_.find(name);
  const bool again = known != taken_.end() && known->second.segment;
  auto reader = SegmentReader::open(disk_, from_, name);
  if (!reader) {
    const Error error = of_file(from_.segment(name), reader.error());
    if (error.kind == ErrorKind::temporary) return pass_on(error);
    if (error.kind != ErrorKind::not_found) return copy_unread(name, error);
    if (again) return note_gone(known->second), Result<void>();
    ++vanished_;
    return forget(name), Result<void>();
  }
  const auto size = (*reader)->size();
  if (!size) return pass_on(of_file(from_.segment(name), size.error()));
  if (again && known->second.seen == *size) return {};
  // What stands behind the last whole record of a living writer was not acknowledged yet.
  const bool is_written = is_locked(disk_, from_.segment(name));
  const auto look = look_through(**reader, *size);
  if (!look) return pass_on(of_file(from_.segment(name), look.error()));
  if (auto copied = copy_octets_of(name, (*reader)->fd(), is_written ? look->end : *size); !copied)
    return copied;
  taken_[name].seen = *size;
  taken_[name].problems = look->problems;
  return copy_large_files(name, (*reader)->salt(), look->large);
}

// Of another release, or damaged: what queued makes of it is queued's to say.
Result<void> YoungCopy::copy_unread(const std::string& name, const Error& error) {
  const auto fd = disk_.open(from_.segment(name), spool::Disk::Mode::read);
  if (!fd) return pass_on(fd.error());
  const auto size = disk_.size(fd->get());
  if (!size) return pass_on(of_file(from_.segment(name), size.error()));
  const auto known = taken_.find(name);
  if (known != taken_.end() && known->second.segment && known->second.seen == *size) return {};
  if (auto copied = copy_octets_of(name, fd->get(), kAll); !copied) return copied;
  taken_[name].seen = *size;
  taken_[name].problems = Remarks();
  taken_[name].problems.add(error.text);
  return {};
}

Result<void> YoungCopy::copy_octets_of(const std::string& name, int fd, std::uint64_t end) {
  const std::string from = from_.segment(name);
  const std::string path = to_.segment(name);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(from, errno);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path, errno);
  const auto to = make_file(path);
  if (!to) return pass_on(to.error());
  auto octets = copy_octets({fd, from}, {to->get(), path}, end);
  if (!octets) return pass_on(std::move(octets.error()));
  Taken& taken = taken_[name];
  taken.segment = status;
  taken.octets = *octets;
  return {};
}

Result<YoungCopy::Look> YoungCopy::look_through(SegmentReader& reader, std::uint64_t size) {
  const auto finished = closed(to_, reader.name(), reader.salt());
  Look look{.end = size};
  while (true) {
    const auto step = reader.next(size, true);
    if (!step) return pass_on(step.error());
    if (std::holds_alternative<SegmentReader::NoMore>(*step)) return look;
    const auto* const damage = std::get_if<SegmentReader::Damage>(&*step);
    if (damage != nullptr && damage->tail) look.end = damage->offset;
    if (damage != nullptr && !damage->tail)
      look.problems.add(fmt::format("{}@{}: {} ({} octets)", from_.segment(reader.name()),
                                    damage->offset, damage->reason, damage->length));
    const auto* const record = std::get_if<SegmentReader::Record>(&*step);
    if (record != nullptr && record->large && !finished.contains(record->offset))
      look.large.push_back(
          {record->offset, record->id, {record->content_length, record->content_checksum}});
  }
}

// An entry in the copy says of a record that it is closed where its content went meanwhile, as
// queued would have found it a moment later. If the message was promoted, the row follows with
// queue.db.
Result<void> YoungCopy::copy_large_files(const std::string& name, std::uint64_t salt,
                                         const std::vector<Large>& large) {
  std::vector<DoneEntry> ended;
  for (const Large& one : large) {
    const auto copied = copy_large(one);
    if (!copied) return pass_on(copied.error());
    if (*copied) continue;
    if (has_ended(name, salt, one.record)) {
      ended.push_back({.record = one.record, .kind = DoneKind::promoted});
    } else {
      taken_[name].problems.add(fmt::format("{}: is not there, and message {} needs it",
                                            from_.large(one.id), one.id.str()));
    }
  }
  if (ended.empty()) return {};
  vanished_ += ended.size();
  Taken& taken = taken_[name];
  if (!taken.done) taken.done = taken.segment;
  return spool::DoneFile(disk_, to_, name, salt).append(ended, false);
}

// False: it is not there.
Result<bool> YoungCopy::copy_large(const Large& large) {
  const std::string path = kLarge + large.id.str();
  if (is_there(draft_.at(path))) return true;  // when the segment was shorter
  const std::string name = from_.large(large.id);
  const auto from = open_to_read(name);
  if (!from && from.error().kind == ErrorKind::not_found) return false;
  if (!from) return pass_on(from.error());
  const auto octets = draft_.add_file(path, {from->get(), name});
  if (!octets) return pass_on(octets.error());
  if (*octets != large.content)
    draft_.problems().add(fmt::format("{}: does not match its checksum", name));
  return true;
}

// Records that are finished or promoted, as far as it can be read.
std::set<std::uint64_t> YoungCopy::closed(const spool::Paths& paths, const std::string& name,
                                          std::uint64_t salt) {
  std::set<std::uint64_t> records;
  if (const auto loaded = spool::DoneFile::load(disk_, paths, name, salt))
    for (const DoneEntry& entry : loaded->entries)
      if (entry.recipient == 0) records.insert(entry.record);
  return records;
}

// queued writes the entry before it removes a large file, and removes the segment before both.
bool YoungCopy::has_ended(const std::string& name, std::uint64_t salt, std::uint64_t record) {
  return closed(from_, name, salt).contains(record) || !is_there(from_.segment(name));
}

Result<void> YoungCopy::note() {
  for (const auto& [name, taken] : taken_) {
    if (!taken.segment) {  // it was gone before its turn came
      ::unlink(to_.done(name).c_str());
      continue;
    }
    draft_.problems().add(taken.problems);
    if (taken.done) {
      const auto octets = sum_octets(to_.done(name));
      if (!octets) return pass_on(octets.error());
      const std::string path = kIncoming + name + std::string(spool::kDoneSuffix);
      if (auto noted = draft_.note_file(path, *octets, *taken.done); !noted) return noted;
    }
    if (auto noted = draft_.note_file(kIncoming + name, taken.octets, *taken.segment); !noted)
      return noted;
  }
  return {};
}

}  // namespace postrider::ctl::backup
