#include "common/metrics/counters.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::metrics {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kMode = 0644;

// Maps what `fd` has, after all of it was reserved: to write where a full file system has no room
// for it would be a SIGBUS.
template <typename File>
Result<std::shared_ptr<File>> map(int fd, const std::string& path) {
  if (const int error = ::posix_fallocate(fd, 0, sizeof(File)); error != 0)
    return fail_errno(path, error);
  void* memory = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return fail_errno(path, errno);
  return std::shared_ptr<File>(static_cast<File*>(memory),
                               [](File* file) { ::munmap(file, sizeof(File)); });
}

// Whether the file was written by this table: what another has written means something else.
bool is_ours(int fd) {
  std::uint64_t found = 0;
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_size == off_t{sizeof(CountsFile)} &&
         ::pread(fd, &found, sizeof found, 0) == ssize_t{sizeof found} && found == fingerprint();
}

// A file under a name that nobody looks at yet.
Fd create_beside(const std::string& path, std::string& name) {
  name = fmt::format("{}.{}.new", path, ::getpid());
  return Fd(::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
}

template <std::size_t Size>
void copy_to(char (&place)[Size], std::string_view text) {
  std::memcpy(place, text.data(), std::min(text.size(), Size - 1));
}

bool is_over(int directory, const char* name) {
  const Fd fd(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

// Those of workers that were killed: the others take theirs with them.
void remove_lives_that_are_over(const std::string& directory, const std::string& prefix) {
  const Handle<DIR, &::closedir> entries(::opendir(directory.c_str()));
  if (!entries) return;
  const int folder = ::dirfd(entries.get());
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix) && name.ends_with(kLifeSuffix) && is_over(folder, entry->d_name))
      ::unlinkat(folder, entry->d_name, 0);
  }
}

}  // namespace

std::string counters_folder(std::string_view run_directory) {
  return fmt::format("{}/counters", run_directory);
}

Counters::Life::~Life() {
  if (!path.empty()) ::unlink(path.c_str());
}

Counters::Counters() : counts_(std::make_shared<CountsFile>()), life_(std::make_shared<Life>()) {
  life_->file = std::make_shared<LifeFile>();
}

Result<Counters> Counters::open(const std::string& directory, const Worker& worker) {
  ::mkdir(directory.c_str(), kFolderMode);  // should it fail, so does what follows
  auto counts = open_counts(directory, worker);
  if (!counts) return pass_on(std::move(counts.error()));
  auto life = begin_life(directory, worker);
  if (!life) return pass_on(std::move(life.error()));
  return Counters(std::move(*counts), std::move(*life));
}

// A file of another table is replaced, not changed: a worker that is leaving may have it mapped.
Result<std::shared_ptr<CountsFile>> Counters::open_counts(const std::string& directory,
                                                          const Worker& worker) {
  const std::string path =
      fmt::format("{}/{}.{}{}", directory, worker.process, worker.number, kCountsSuffix);
  if (const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC)); fd && is_ours(fd.get()))
    return map<CountsFile>(fd.get(), path);
  std::string beside;
  const Fd fd = create_beside(path, beside);
  if (!fd) return fail_errno(path, errno);
  auto counts = map<CountsFile>(fd.get(), path);
  if (counts) (*counts)->fingerprint = fingerprint();
  if (counts && std::rename(beside.c_str(), path.c_str()) == 0) return counts;
  const int error = errno;
  ::unlink(beside.c_str());
  if (!counts) return counts;
  return fail_errno(path, error);
}

// Locked and whole before it is there: who finds it without a lock knows that its worker is gone.
Result<std::shared_ptr<Counters::Life>> Counters::begin_life(const std::string& directory,
                                                             const Worker& worker) {
  const std::string prefix = fmt::format("{}.{}.", worker.process, worker.number);
  remove_lives_that_are_over(directory, prefix);
  const std::string path = fmt::format("{}/{}{}{}", directory, prefix, ::getpid(), kLifeSuffix);
  std::string beside;
  auto life = std::make_shared<Life>();
  life->lock = create_beside(path, beside);
  if (!life->lock) return fail_errno(path, errno);
  auto file = map<LifeFile>(life->lock.get(), path);
  if (!file) {
    ::unlink(beside.c_str());
    return pass_on(std::move(file.error()));
  }
  life->file = std::move(*file);
  life->file->fingerprint = fingerprint();
  life->file->started_us = worker.started.time_since_epoch().count();
  life->file->worker = worker.number;
  life->file->pid = static_cast<std::uint32_t>(::getpid());
  copy_to(life->file->process, worker.process);
  copy_to(life->file->version, worker.version);
  if (::flock(life->lock.get(), LOCK_EX) != 0 || std::rename(beside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(beside.c_str());
    return fail_errno(path, error);
  }
  life->path = path;
  return life;
}

void Counters::observe(Duration duration, std::chrono::microseconds time) noexcept {
  const Scale& scale = scale_of(duration);
  const auto bucket = std::lower_bound(scale.begin(), scale.end(), time) - scale.begin();
  const std::size_t first = kFirstDuration + static_cast<std::size_t>(duration) * kDurationSlots;
  slot(first + static_cast<std::size_t>(bucket)).fetch_add(1, std::memory_order_relaxed);
  if (time.count() > 0)
    slot(first + kDurationSlots - 1)
        .fetch_add(static_cast<std::uint64_t>(time.count()), std::memory_order_relaxed);
}

std::uint64_t Counters::observed(Duration duration) const noexcept {
  const std::size_t first = kFirstDuration + static_cast<std::size_t>(duration) * kDurationSlots;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= kBounds; ++i) sum += slot(first + i).load(std::memory_order_relaxed);
  return sum;
}

}  // namespace postrider::metrics
