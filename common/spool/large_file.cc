#include "common/spool/large_file.h"

namespace postrider::spool {

Result<std::unique_ptr<LargeFile>> LargeFile::create(Disk& disk, std::string path) {
  auto fd = disk.open(path, Disk::Mode::create_new);
  if (!fd) return pass_on(std::move(fd.error()));
  // Tells a file that arrives from one that a dead writer left.
  if (auto locked = disk.lock(fd->get()); !locked) return pass_on(std::move(locked.error()));
  return std::unique_ptr<LargeFile>(new LargeFile(disk, std::move(path), std::move(*fd)));
}

LargeFile::LargeFile(Disk& disk, std::string path, Fd fd)
    : disk_(disk), path_(std::move(path)), fd_(std::move(fd)), state_(XXH3_createState()) {
  XXH3_64bits_reset(state_.get());
}

LargeFile::~LargeFile() {
  // A file that stays behind is an orphan; recovery removes it.
  if (!kept_) static_cast<void>(disk_.remove(path_));
}

Result<void> LargeFile::append(std::string_view bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  return disk_.append(fd_.get(), {&part, 1});
}

}  // namespace postrider::spool
