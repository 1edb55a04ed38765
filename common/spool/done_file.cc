#include "common/spool/done_file.h"

namespace postrider::spool {

// So that a torn end is known by the file's size.
static_assert(kDoneHeaderSize % kDoneEntrySize == 0);

Result<DoneFile::Loaded> DoneFile::load(Disk& disk, const Paths& paths, const std::string& segment,
                                        std::uint64_t salt) {
  Loaded loaded;
  auto fd = disk.open(paths.done(segment), Disk::Mode::read);
  if (!fd && fd.error().kind == ErrorKind::not_found) return loaded;
  if (!fd) return pass_on(std::move(fd.error()));
  auto size = disk.size(fd->get());
  if (!size) return pass_on(std::move(size.error()));
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  auto n = disk.read(fd->get(), 0, bytes);
  if (!n) return pass_on(std::move(n.error()));
  const std::string_view all = std::string_view(bytes).substr(0, *n);
  if (all.size() < kDoneHeaderSize) return loaded;  // a crash cut its first write off
  const auto header = decode_done_header(all.substr(0, kDoneHeaderSize));
  if (!header && header.error().kind == ErrorKind::invalid) return pass_on(header.error());
  if (!header) ++loaded.damaged;
  for (std::size_t at = kDoneHeaderSize; at + kDoneEntrySize <= all.size(); at += kDoneEntrySize) {
    auto entry = decode_done_entry(all.substr(at, kDoneEntrySize), salt);
    if (entry) {
      loaded.entries.push_back(*entry);
    } else {
      ++loaded.damaged;
    }
  }
  return loaded;
}

Result<void> DoneFile::append(const std::vector<DoneEntry>& entries, bool synced) {
  std::string bytes;
  bytes.reserve(kDoneHeaderSize + entries.size() * kDoneEntrySize);
  if (!fd_) {
    auto size = open_at_entry();
    if (!size) return pass_on(std::move(size.error()));
    if (*size == 0) bytes = encode(DoneHeader{.salt = salt_});
  }
  for (const DoneEntry& entry : entries) bytes += encode(entry, salt_);
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  if (auto written = disk_.append(fd_.get(), {&part, 1}); !written) {
    fd_.reset();  // the next append looks at the file's end anew
    return written;
  }
  return synced ? sync() : Result<void>();
}

Result<void> DoneFile::sync() {
  if (!fd_)
    if (auto size = open_at_entry(); !size) return pass_on(std::move(size.error()));
  auto synced = disk_.sync(fd_.get());
  if (!synced || name_is_durable_) return synced;
  synced = disk_.sync_directory(directory_);
  name_is_durable_ = synced.has_value();
  return synced;
}

Result<std::uint64_t> DoneFile::open_at_entry() {
  auto fd = disk_.open(path_, Disk::Mode::append);
  if (!fd) return pass_on(std::move(fd.error()));
  auto size = disk_.size(fd->get());
  if (!size) return size;
  const std::uint64_t torn = *size % kDoneEntrySize;
  if (torn != 0)
    if (auto cut = disk_.truncate(fd->get(), *size - torn); !cut)
      return pass_on(std::move(cut.error()));
  fd_ = std::move(*fd);
  return *size - torn;
}

}  // namespace postrider::spool
