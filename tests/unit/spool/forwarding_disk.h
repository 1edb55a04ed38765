// forwarding_disk.h - the operating system's disk, of which a test replaces a call or two.
#pragma once

#include "common/spool/disk.h"

namespace postrider::test {

class ForwardingDisk : public spool::Disk {
 public:
  Result<Fd> open(const std::string& path, Mode mode) override { return disk_.open(path, mode); }
  Result<void> append(int fd, std::span<iovec> parts) override { return disk_.append(fd, parts); }
  Result<std::size_t> read(int fd, std::uint64_t offset, std::span<char> to) override {
    return disk_.read(fd, offset, to);
  }
  Result<std::uint64_t> size(int fd) override { return disk_.size(fd); }
  Result<void> truncate(int fd, std::uint64_t size) override { return disk_.truncate(fd, size); }
  Result<void> sync(int fd) override { return disk_.sync(fd); }
  Result<void> sync_file_system(int fd) override { return disk_.sync_file_system(fd); }
  Result<void> sync_directory(const std::string& directory) override {
    return disk_.sync_directory(directory);
  }
  Result<void> link(const std::string& from, const std::string& to) override {
    return disk_.link(from, to);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return disk_.remove(path); }
  Result<void> make_directory(const std::string& path) override {
    return disk_.make_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return disk_.list(directory);
  }
  Result<std::uint64_t> free_space(const std::string& directory) override {
    return disk_.free_space(directory);
  }
  Result<bool> same_file(const std::string& one, const std::string& other) override {
    return disk_.same_file(one, other);
  }
  Result<bool> lock(int fd) override { return disk_.lock(fd); }

 private:
  spool::Disk& disk_ = spool::system_disk();
};

}  // namespace postrider::test
