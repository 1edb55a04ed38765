#include "common/limits/shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <new>
#include <thread>
#include <utility>

namespace postrider::limits {

namespace {

constexpr mode_t kMode = 0660;
// How often, and how long after another, it is looked whether who has made the file gave it its
// size.
constexpr int kLooks = 100;
constexpr std::chrono::milliseconds kBetweenLooks{2};

bool lock_octet(int fd, std::size_t octet, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(octet);
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

SharedFile::SharedFile(Fd fd, char* memory, std::size_t size)
    : fd_(std::move(fd)), memory_(memory), size_(size) {}

SharedFile::SharedFile(std::size_t size, std::uint64_t magic) : size_(size) {
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  make(magic);
}

SharedFile::SharedFile(SharedFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      memory_(std::exchange(other.memory_, nullptr)),
      size_(other.size_) {}

SharedFile::~SharedFile() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
}

// Where it is missing O_CREAT comes second, and with O_EXCL: in a folder that others write to, the
// kernel lets nobody open another's file by it (fs.protected_regular).
Result<SharedFile> SharedFile::open(const std::string& path, std::size_t size,
                                    std::uint64_t magic) {
  for (int look = 0; look < kLooks; ++look) {
    auto file = map(path, size, magic, true);
    if (file || file.error().kind != ErrorKind::not_found) return file;
    if (const Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode)); made)
      continue;
    if (errno != EEXIST) return fail_errno(path, errno);
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return fail(ErrorKind::temporary, path + ": is empty, and who has made it does not get on");
}

Result<SharedFile> SharedFile::open_existing(const std::string& path, std::size_t size,
                                             std::uint64_t magic) {
  return map(path, size, magic, false);
}

// Neither waits for a FIFO, nor follows a link: the folder is everybody's.
Result<SharedFile> SharedFile::map(const std::string& path, std::size_t size, std::uint64_t magic,
                                   bool may_make) {
  Fd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return fail_errno(path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, path + ": is not what was expected: remove it");
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(path, errno);
  SharedFile file(std::move(fd), static_cast<char*>(memory), size);
  const bool is_ours = status.st_uid == ::geteuid();
  if (auto ready = file.prepare(path, magic, may_make && is_ours); !ready)
    return fail(ready.error().kind, path + ": " + ready.error().text);
  return file;
}

// Not to be read before its size is known to be right: beyond the end of the file is no memory.
Result<void> SharedFile::prepare(const std::string& path, std::uint64_t magic,
                                 bool may_make) const {
  const auto held = lock();
  if (!held) return pass_on(held.error());
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno("stat", errno);
  if (status.st_size == 0) {
    if (!may_make) return fail(ErrorKind::not_found, "is empty yet");
    if (auto given = give_size(path); !given) return given;
  } else if (status.st_size != static_cast<off_t>(size_)) {
    return fail(ErrorKind::invalid, "is not what was expected: remove it");
  }
  if (auto reserved = reserve(0, kHeaderSize); !reserved) return reserved;
  if (head().magic == 0) make(magic);
  if (head().magic != magic) return fail(ErrorKind::invalid, "is not what was expected: remove it");
  return {};
}

// Whoever comes first makes it for the others, whatever its umask. A user who is not in the group
// of the directory runs all processes alone.
Result<void> SharedFile::give_size(const std::string& path) const {
  struct stat directory {};
  if (::stat(path.substr(0, path.rfind('/') + 1).c_str(), &directory) == 0)
    static_cast<void>(::fchown(fd_.get(), static_cast<uid_t>(-1), directory.st_gid) == 0);
  if (::fchmod(fd_.get(), kMode) != 0) return fail_errno("fchmod", errno);
  if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) return fail_errno("ftruncate", errno);
  return {};
}

Result<void> SharedFile::reserve(std::size_t start, std::size_t size) const {
  if (!fd_) return {};
  int error = EINTR;
  while (error == EINTR)
    error = ::posix_fallocate(fd_.get(), static_cast<off_t>(start), static_cast<off_t>(size));
  if (error != 0) return fail_errno("posix_fallocate", error);
  return {};
}

void SharedFile::make(std::uint64_t magic) const {
  static_assert(sizeof(HashKey) == crypto_shorthash_KEYBYTES);
  crypto_shorthash_keygen(head().hash_key.data());
  head().magic = magic;
}

Result<SharedFile::Lock> SharedFile::lock() const {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = kLockPause};
  for (unsigned tries = 1; !try_lock(0); ++tries) {
    if (errno != EAGAIN && errno != EACCES) return fail_errno("lock", errno);
    if (tries == kLockTries) return fail(ErrorKind::temporary, "another process keeps it locked");
    ::nanosleep(&kPause, nullptr);
  }
  return Lock(*this);
}

bool SharedFile::try_lock(std::size_t octet) const {
  return !fd_ || lock_octet(fd_.get(), octet, F_WRLCK);
}

void SharedFile::unlock(std::size_t octet) const {
  if (fd_) lock_octet(fd_.get(), octet, F_UNLCK);
}

std::uint64_t keyed_hash(const SharedFile::HashKey& key, std::string_view kind,
                         std::string_view name) {
  std::string text(kind);
  text += '\0';
  text += name;
  std::uint64_t hash = 0;
  static_assert(sizeof hash == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data());
  return hash == 0 ? 1 : hash;
}

}  // namespace postrider::limits
