#include "common/spool/segment_file.h"

#include <array>

#include <fmt/format.h>

namespace postrider::spool {

namespace {

iovec part_of(std::string_view bytes) {
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

constexpr std::array<char, kRecordAlignment> kPadding{};

}  // namespace

Result<std::unique_ptr<SegmentFile>> SegmentFile::create(Disk& disk, const Paths& paths,
                                                         std::string_view writer, WallTime now,
                                                         std::uint64_t salt) {
  const auto microseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  std::string name = fmt::format("{}-{:016x}{}", writer, microseconds, kSegmentSuffix);
  const std::string path = paths.segment(name) + std::string(kUnfinishedSuffix);
  auto fd = disk.open(path, Disk::Mode::create_new);
  if (!fd) return pass_on(std::move(fd.error()));
  const auto give_up = [&](Error error) {
    static_cast<void>(disk.remove(path));
    return pass_on(std::move(error));
  };
  auto locked = disk.lock(fd->get());
  if (!locked) return give_up(std::move(locked.error()));
  if (!*locked) return give_up({ErrorKind::temporary, path + ": another process has locked it"});
  const std::string header = encode(SegmentHeader{.salt = salt, .created_us = microseconds});
  iovec part = part_of(header);
  auto written = disk.append(fd->get(), {&part, 1});
  if (written) written = disk.sync(fd->get());
  if (written) written = disk.rename(path, paths.segment(name));
  if (written) written = disk.sync_directory(paths.incoming());
  if (!written) return give_up(std::move(written.error()));
  return std::unique_ptr<SegmentFile>(
      new SegmentFile(disk, std::move(name), std::move(*fd), now, salt));
}

SegmentFile::SegmentFile(Disk& disk, std::string name, Fd fd, WallTime created, std::uint64_t salt)
    : disk_(disk), name_(std::move(name)), fd_(std::move(fd)), created_(created), salt_(salt) {}

Result<void> SegmentFile::append(const std::vector<NewRecord>& records) {
  std::vector<std::string> headers;
  headers.reserve(records.size());
  std::vector<iovec> parts;
  std::uint64_t end = durable_;
  for (const NewRecord& record : records) {
    const RecordHeader header{.kind = record.kind,
                              .envelope_length = static_cast<std::uint32_t>(record.envelope.size()),
                              .content_length = record.content_length,
                              .content_checksum = record.content_checksum,
                              .durable_before = durable_};
    headers.push_back(encode(header, record.envelope, salt_, end));
    parts.push_back(part_of(headers.back()));
    std::uint64_t used = headers.back().size();
    if (record.kind == RecordKind::message) {
      parts.push_back(part_of(record.content));
      used += record.content.size();
    }
    const std::uint64_t size = record_size(header);
    parts.push_back(part_of({kPadding.data(), static_cast<std::size_t>(size - used)}));
    end += size;
  }
  if (auto written = write(parts); !written) return written;
  durable_ = end;
  records_ += records.size();
  return {};
}

Result<void> SegmentFile::seal() {
  const RecordHeader header{
      .kind = RecordKind::seal, .content_length = records_, .durable_before = durable_};
  const std::string bytes = encode(header, {}, salt_, durable_);
  std::vector<iovec> parts{part_of(bytes)};
  if (auto written = write(parts); !written) return written;
  durable_ += bytes.size();
  return {};
}

Result<void> SegmentFile::write(std::vector<iovec>& parts) {
  auto result = disk_.append(fd_.get(), parts);
  if (result) {
    result = disk_.sync(fd_.get());
    failed_ = !result;
  }
  if (result) return result;
  // The records were refused: what of them reached the file must never be delivered.
  if (!cut()) failed_ = true;
  return result;
}

Result<void> SegmentFile::cut() {
  auto result = disk_.truncate(fd_.get(), durable_);
  if (result) result = disk_.sync(fd_.get());
  needs_cut_ = !result;
  return result;
}

}  // namespace postrider::spool
