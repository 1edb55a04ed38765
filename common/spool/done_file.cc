#include "common/spool/done_file.h"

namespace postrider::spool {

Result<DoneFile::Loaded> DoneFile::load(Disk& disk, const Paths& paths, const std::string& segment,
                                        std::uint64_t salt) {
  Loaded loaded;
  auto fd = disk.open(paths.done(segment), Disk::Mode::read);
  if (!fd && fd.error().kind == ErrorKind::not_found) return loaded;
  if (!fd) return tl::unexpected<Error>(std::move(fd.error()));
  auto size = disk.size(fd->get());
  if (!size) return tl::unexpected<Error>(std::move(size.error()));
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  auto n = disk.read(fd->get(), 0, bytes);
  if (!n) return tl::unexpected<Error>(std::move(n.error()));
  const std::string_view all = std::string_view(bytes).substr(0, *n);
  for (std::size_t at = 0; at + kDoneEntrySize <= all.size(); at += kDoneEntrySize) {
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
  if (!fd_) {
    auto fd = disk_.open(path_, Disk::Mode::append);
    if (!fd) return tl::unexpected<Error>(std::move(fd.error()));
    fd_ = std::move(*fd);
    // A torn entry of a crash would shift all that follow: begin again at a whole one.
    auto size = disk_.size(fd_.get());
    if (!size) return tl::unexpected<Error>(std::move(size.error()));
    if (*size % kDoneEntrySize != 0)
      if (auto cut = disk_.truncate(fd_.get(), *size - *size % kDoneEntrySize); !cut) return cut;
  }
  std::string bytes;
  bytes.reserve(entries.size() * kDoneEntrySize);
  for (const DoneEntry& entry : entries) bytes += encode(entry, salt_);
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  if (auto written = disk_.append(fd_.get(), {&part, 1}); !written) {
    fd_.reset();  // the next append looks at the file's end anew
    return written;
  }
  return synced ? disk_.sync(fd_.get()) : Result<void>();
}

}  // namespace postrider::spool
