#include "queued/quarantine.h"

#include <algorithm>

namespace postrider::queued {

namespace {

constexpr std::size_t kCopied = 1U << 20U;

}  // namespace

Result<void> Quarantine::prepare(const std::string& name) {
  if (auto made = disk_.make_directory(paths_.quarantine()); !made) return made;
  return disk_.remove(path(name));
}

Result<void> Quarantine::copy(const std::string& name, int fd, std::uint64_t offset,
                              std::uint64_t length) {
  if (auto ready = prepare(name); !ready) return ready;
  auto to = disk_.open(path(name), spool::Disk::Mode::create_new);
  if (!to) return pass_on(std::move(to.error()));
  std::string block;
  for (std::uint64_t done = 0; done < length;) {
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kCopied, length - done)));
    auto n = disk_.read(fd, offset + done, block);
    if (!n) return pass_on(std::move(n.error()));
    if (*n == 0) break;  // the file ends before what its record promised
    iovec part{.iov_base = block.data(), .iov_len = *n};
    if (auto written = disk_.append(to->get(), {&part, 1}); !written) return written;
    done += *n;
  }
  if (auto synced = disk_.sync(to->get()); !synced) return synced;
  return disk_.sync_directory(paths_.quarantine());
}

Result<void> Quarantine::link(const std::string& name, const std::string& from) {
  if (auto ready = prepare(name); !ready) return ready;
  if (auto linked = disk_.link(from, path(name)); !linked) return linked;
  return disk_.sync_directory(paths_.quarantine());
}

Result<void> Quarantine::move(const std::string& name, const std::string& from) {
  if (auto ready = prepare(name); !ready) return ready;
  if (auto moved = disk_.rename(from, path(name)); !moved) return moved;
  return disk_.sync_directory(paths_.quarantine());
}

}  // namespace postrider::queued
