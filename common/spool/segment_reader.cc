#include "common/spool/segment_reader.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/handle.h"

namespace postrider::spool {

namespace {

constexpr std::size_t kReadAhead = 128U << 10U;

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

tl::unexpected<Error> corrupt(std::string text) {
  return fail(ErrorKind::corrupt, std::move(text));
}

}  // namespace

Result<std::unique_ptr<SegmentReader>> SegmentReader::open(Disk& disk, const Paths& paths,
                                                           std::string name) {
  auto fd = disk.open(paths.segment(name), Disk::Mode::read);
  if (!fd) return pass_on(std::move(fd.error()));
  std::string bytes(kSegmentHeaderSize, '\0');
  auto n = disk.read(fd->get(), 0, bytes);
  if (!n) return pass_on(std::move(n.error()));
  if (*n < kSegmentHeaderSize) return corrupt("shorter than its header");
  auto header = decode_segment_header(bytes);
  if (!header) return pass_on(std::move(header.error()));
  return std::unique_ptr<SegmentReader>(
      new SegmentReader(disk, std::move(name), std::move(*fd), *header));
}

SegmentReader::SegmentReader(Disk& disk, std::string name, Fd fd, SegmentHeader header)
    : disk_(disk), name_(std::move(name)), fd_(std::move(fd)), header_(header) {}

Result<std::string_view> SegmentReader::bytes(std::uint64_t offset, std::size_t length,
                                              std::uint64_t limit) {
  const std::uint64_t buffered_end = buffer_offset_ + buffer_.size();
  if (offset < buffer_offset_ || offset + length > buffered_end) {
    // Behind a live writer the limit is near: reading up to it is one call, and no more is cleared.
    const std::uint64_t left = limit > offset ? limit - offset : 0;
    buffer_.resize(std::max<std::uint64_t>(length, std::min<std::uint64_t>(kReadAhead, left)));
    auto n = disk_.read(fd_.get(), offset, buffer_);
    buffer_.resize(n ? *n : 0);
    buffer_offset_ = offset;
    if (!n) return pass_on(std::move(n.error()));
  }
  const auto start = static_cast<std::size_t>(offset - buffer_offset_);
  return std::string_view(buffer_).substr(std::min(start, buffer_.size()), length);
}

Result<SegmentReader::Found> SegmentReader::look(std::uint64_t offset, std::uint64_t limit) {
  if (offset + kRecordHeaderSize > limit) return corrupt("a record is cut off");
  auto head = bytes(offset, kRecordHeaderSize, limit);
  if (!head) return pass_on(std::move(head.error()));
  if (head->size() < kRecordHeaderSize) return corrupt("a record is cut off");
  auto header = decode_record_header(*head, header_.salt, offset);
  if (!header) return pass_on(std::move(header.error()));
  if (record_size(*header) > limit - offset) return corrupt("a record is cut off");
  const std::size_t length = kRecordHeaderSize + header->envelope_length;
  auto whole = bytes(offset, length, limit);
  if (!whole) return pass_on(std::move(whole.error()));
  if (whole->size() < length || !verify_record(*whole, header_.salt, offset))
    return corrupt("the checksum of a record is wrong");
  return Found{*header, whole->substr(kRecordHeaderSize)};
}

Result<SegmentReader::Step> SegmentReader::next(std::uint64_t limit, bool verify_content) {
  if (cursor_ >= limit) return Step(NoMore{});
  auto found = look(cursor_, limit);
  if (!found) {
    if (found.error().kind != ErrorKind::corrupt) return pass_on(std::move(found.error()));
    return skip_damage(limit, std::move(found.error().text));
  }
  const std::uint64_t length = record_size(found->header);
  if (found->header.kind == RecordKind::seal) {
    cursor_ += length;
    return Step(Seal{});
  }
  auto record = parse(*found);
  if (!record) return pass_over(length, limit, std::move(record.error().text), {});
  if (verify_content && !record->large) {
    const auto matches = content_matches(*record, limit);
    if (!matches) return pass_on(matches.error());
    if (!*matches)
      return pass_over(length, limit, "the checksum of a message's content is wrong",
                       std::move(*record));
  }
  cursor_ += length;
  return Step(std::move(*record));
}

Result<SegmentReader::Record> SegmentReader::parse(const Found& found) const {
  const RecordHeader& header = found.header;
  Record record;
  record.offset = cursor_;
  record.length = record_size(header);
  record.large = header.kind == RecordKind::large_message;
  record.content_offset = record.large ? 0 : cursor_ + kRecordHeaderSize + header.envelope_length;
  record.content_length = header.content_length;
  record.content_checksum = header.content_checksum;
  if (!record.envelope.ParseFromArray(found.envelope.data(),
                                      static_cast<int>(found.envelope.size())))
    return corrupt("an envelope cannot be read");
  const auto id = MessageId::parse(record.envelope.id());
  if (!id || record.envelope.recipients_size() == 0)
    return corrupt("an envelope has no id or no recipient");
  record.id = *id;
  return record;
}

Result<bool> SegmentReader::content_matches(const Record& record, std::uint64_t limit) {
  const Handle<XXH3_state_t, &XXH3_freeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  std::uint64_t offset = record.content_offset;
  for (std::uint64_t left = record.content_length; left > 0;) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadAhead));
    auto part = bytes(offset, length, limit);
    if (!part) return pass_on(std::move(part.error()));
    if (part->empty()) return false;
    XXH3_64bits_update(state.get(), part->data(), part->size());
    offset += part->size();
    left -= part->size();
  }
  return XXH3_64bits_digest(state.get()) == record.content_checksum;
}

Result<SegmentReader::Step> SegmentReader::pass_over(std::uint64_t length, std::uint64_t limit,
                                                     std::string reason,
                                                     std::optional<Record> record) {
  const auto acknowledged = was_durable(cursor_, cursor_ + length, limit);
  if (!acknowledged) return pass_on(acknowledged.error());
  Damage damage{.offset = cursor_,
                .length = length,
                .tail = cursor_ + length >= limit,
                .acknowledged = *acknowledged,
                .reason = std::move(reason),
                .record = std::move(record)};
  cursor_ += length;
  return Step(std::move(damage));
}

// The records of one batch say the same: the first of a later one tells, or none does.
Result<bool> SegmentReader::was_durable(std::uint64_t offset, std::uint64_t at,
                                        std::uint64_t limit) {
  while (at < limit) {
    const auto found = look(at, limit);
    if (!found && found.error().kind != ErrorKind::corrupt) return pass_on(found.error());
    if (found && found->header.durable_before > offset) return true;
    at += found ? record_size(found->header) : kRecordAlignment;
  }
  return false;
}

Result<SegmentReader::Step> SegmentReader::skip_damage(std::uint64_t limit, std::string reason) {
  Damage damage{.offset = cursor_, .blank = true, .reason = std::move(reason)};
  std::uint64_t at = cursor_;
  while (true) {
    auto word = bytes(at, kRecordAlignment, limit);
    if (!word) return pass_on(std::move(word.error()));
    damage.blank = damage.blank && all_zero(*word);
    at = std::min(at + kRecordAlignment, limit);
    damage.tail = at >= limit;
    if (damage.tail) break;
    auto found = look(at, limit);
    if (found) break;
    if (found.error().kind != ErrorKind::corrupt) return pass_on(std::move(found.error()));
  }
  const auto acknowledged = was_durable(cursor_, at, limit);
  if (!acknowledged) return pass_on(acknowledged.error());
  damage.acknowledged = *acknowledged;
  damage.length = at - cursor_;
  cursor_ = at;
  return Step(std::move(damage));
}

}  // namespace postrider::spool
