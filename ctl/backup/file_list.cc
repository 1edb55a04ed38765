#include "ctl/backup/file_list.h"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "common/base/write_all.h"

namespace postrider::ctl::backup {

namespace {

constexpr std::size_t kListBlock = 64U << 10U;

}  // namespace

FileListWriter::FileListWriter(std::string path, Fd fd)
    : path_(std::move(path)), fd_(std::move(fd)), state_(XXH3_createState()) {
  XXH3_64bits_reset(state_.get());
}

Result<FileListWriter> FileListWriter::create(const std::string& path) {
  auto fd = make_file(path);
  if (!fd) return pass_on(std::move(fd.error()));
  return FileListWriter(path, std::move(*fd));
}

Result<void> FileListWriter::add(const Entry& entry) {
  buffer_ += to_line(entry);
  return buffer_.size() < kListBlock ? Result<void>() : write();
}

Result<void> FileListWriter::write() {
  if (const int error = write_all(fd_.get(), buffer_); error != 0) return fail_errno(path_, error);
  XXH3_64bits_update(state_.get(), buffer_.data(), buffer_.size());
  written_.size += buffer_.size();
  buffer_.clear();
  return {};
}

Result<Octets> FileListWriter::finish() {
  if (auto done = write(); !done) return pass_on(std::move(done.error()));
  written_.checksum = XXH3_64bits_digest(state_.get());
  return written_;
}

Result<FileListReader> FileListReader::open(const std::string& path) {
  auto fd = open_to_read(path);
  if (!fd) return pass_on(std::move(fd.error()));
  return FileListReader(path, std::move(*fd));
}

Result<bool> FileListReader::fill() {
  std::size_t searched = position_;
  while (buffer_.find('\n', searched) == std::string::npos) {
    buffer_.erase(0, std::exchange(position_, 0));
    searched = buffer_.size();
    if (searched > kMaxLine) return true;  // which parse_entry() refuses
    buffer_.resize(searched + kListBlock);
    const ssize_t n = ::read(fd_.get(), buffer_.data() + searched, kListBlock);
    buffer_.resize(searched + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path_, errno);
    if (n == 0) return !buffer_.empty();
  }
  return true;
}

Result<std::optional<Entry>> FileListReader::next() {
  const auto more = fill();
  if (!more) return pass_on(more.error());
  if (!*more) return std::optional<Entry>();
  ++line_;
  const std::size_t end = buffer_.find('\n', position_);
  auto entry = end == std::string::npos
                   ? Result<Entry>(fail(ErrorKind::corrupt, "a line without an end"))
                   : parse_entry(std::string_view(buffer_).substr(position_, end - position_));
  if (!entry)
    return fail(ErrorKind::corrupt, fmt::format("{}:{}: {}", path_, line_, entry.error().text));
  position_ = end + 1;
  return std::optional<Entry>(std::move(*entry));
}

}  // namespace postrider::ctl::backup
