#include "common/limits/shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <sodium.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace postrider::limits {

namespace {

bool lock_octet(int fd, std::size_t octet, short type, int command) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(octet);
  lock.l_len = 1;
  while (::fcntl(fd, command, &lock) != 0)
    if (errno != EINTR) return false;
  return true;
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

Result<SharedFile> SharedFile::open(const std::string& path, std::size_t size,
                                    std::uint64_t magic) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0660));
  if (!fd) return fail_errno(path, errno);
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(path, errno);
  SharedFile file(std::move(fd), static_cast<char*>(memory), size);
  if (auto ready = file.prepare(magic); !ready)
    return fail(ready.error().kind, path + ": " + ready.error().text);
  return file;
}

// Not to be read before its size is known to be right: beyond the end of the file is no memory.
Result<void> SharedFile::prepare(std::uint64_t magic) const {
  const Lock lock(*this);
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno("stat", errno);
  if (status.st_size == 0) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      return fail_errno("ftruncate", errno);
  } else if (status.st_size != static_cast<off_t>(size_)) {
    return fail(ErrorKind::invalid, "is not what was expected: remove it");
  }
  if (head().magic == 0) make(magic);
  if (head().magic != magic) return fail(ErrorKind::invalid, "is not what was expected: remove it");
  return {};
}

void SharedFile::make(std::uint64_t magic) const {
  static_assert(sizeof(HashKey) == crypto_shorthash_KEYBYTES);
  crypto_shorthash_keygen(head().hash_key.data());
  head().magic = magic;
}

void SharedFile::lock(std::size_t octet) const {
  if (fd_) lock_octet(fd_.get(), octet, F_WRLCK, F_OFD_SETLKW);
}

bool SharedFile::try_lock(std::size_t octet) const {
  return !fd_ || lock_octet(fd_.get(), octet, F_WRLCK, F_OFD_SETLK);
}

void SharedFile::unlock(std::size_t octet) const {
  if (fd_) lock_octet(fd_.get(), octet, F_UNLCK, F_OFD_SETLK);
}

void SharedFile::zero(std::size_t start, std::size_t size) const {
  // A hole gives the memory back.
  if (!fd_ || ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          static_cast<off_t>(start), static_cast<off_t>(size)) != 0)
    std::memset(memory_ + start, 0, size);
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
