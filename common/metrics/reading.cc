#include "common/metrics/reading.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <tuple>

#include "common/base/handle.h"

namespace postrider::metrics {

namespace {

// A copy of the file at one moment; false: it is something else.
template <typename File>
bool read_file(int fd, File& file) {
  return ::pread(fd, &file, sizeof file, 0) == ssize_t{sizeof file} &&
         file.fingerprint == fingerprint();
}

template <std::size_t Size>
std::string text_in(const char (&place)[Size]) {
  return std::string(place, ::strnlen(place, Size));
}

void read_counts(int fd, std::string_view name, Reading& reading) {
  CountsFile file{};
  if (!read_file(fd, file)) return;
  Counts counts;
  for (std::size_t i = 0; i < kSlots; ++i)
    counts.slots()[i] = file.slots[i].load(std::memory_order_relaxed);
  reading.by_process[std::string(name.substr(0, name.find('.')))] += counts;
}

// Its worker holds the lock: who gets it has found a file that was left behind.
void read_life(int fd, Reading& reading) {
  LifeFile file{};
  if (::flock(fd, LOCK_SH | LOCK_NB) == 0 || !read_file(fd, file)) return;
  Life& life = reading.lives.emplace_back();
  life.process = text_in(file.process);
  life.worker = file.worker;
  life.pid = file.pid;
  life.started = WallTime(std::chrono::microseconds(file.started_us));
  life.version = text_in(file.version);
  for (std::size_t i = 0; i < kGauges; ++i)
    life.gauges[i] = file.gauges[i].load(std::memory_order_relaxed);
}

}  // namespace

std::uint64_t Histogram::count() const noexcept {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

Histogram Counts::histogram(Duration duration) const noexcept {
  const auto* const first =
      slots_.data() + kFirstDuration + static_cast<std::size_t>(duration) * kDurationSlots;
  Histogram histogram;
  std::copy(first, first + histogram.buckets.size(), histogram.buckets.begin());
  histogram.sum = std::chrono::microseconds(first[kDurationSlots - 1]);
  return histogram;
}

Counts& Counts::operator+=(const Counts& other) noexcept {
  for (std::size_t i = 0; i < kSlots; ++i) slots_[i] += other.slots_[i];
  return *this;
}

Counts Reading::sum() const noexcept {
  Counts all;
  for (const auto& [process, counts] : by_process) all += counts;
  return all;
}

std::int64_t Reading::sum(Gauge gauge) const noexcept {
  std::int64_t all = 0;
  for (const Life& life : lives) all += life[gauge];
  return all;
}

Reading read(const std::string& directory) {
  Reading reading;
  const Handle<DIR, &::closedir> entries(::opendir(directory.c_str()));
  if (!entries) return reading;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    const bool counts = name.ends_with(kCountsSuffix);
    if (!counts && !name.ends_with(kLifeSuffix)) continue;
    const Fd fd(::openat(::dirfd(entries.get()), entry->d_name,
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd) continue;
    counts ? read_counts(fd.get(), name, reading) : read_life(fd.get(), reading);
  }
  std::sort(reading.lives.begin(), reading.lives.end(), [](const Life& a, const Life& b) {
    return std::tie(a.process, a.worker, a.started) < std::tie(b.process, b.worker, b.started);
  });
  return reading;
}

}  // namespace postrider::metrics
