#include "common/maildir/whereabouts.h"

#include <dirent.h>
#include <fcntl.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/listing.h"

namespace postrider::maildir {

namespace {

std::uint64_t key_of(std::string_view base) noexcept {
  const std::string_view key = message_key(base);
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace

int Whereabouts::read(int maildir) {
  files_.clear();
  paths_.clear();
  for (const Folder folder : {Folder::in_new, Folder::in_cur}) {
    const std::string name(name_of(folder));
    Fd fd(::openat(maildir, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) continue;
    const Handle<DIR, &::closedir> entries(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!entries) return errno;
    static_cast<void>(fd.release());  // belongs to `entries` now
    for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0) {
      const std::string_view file(entry->d_name);
      if (file.starts_with('.') || files_.size() >= Listing::kMaxMessages) continue;
      files_.push_back({.key = key_of(FileName::parse(file).base),
                        .path_begin = static_cast<std::uint32_t>(paths_.size()),
                        .path_length = static_cast<std::uint16_t>(name.size() + 1 + file.size())});
      paths_.append(name).append("/").append(file);
    }
    if (errno != 0) return errno;
  }
  // Of two, that in cur/ comes first.
  std::sort(files_.begin(), files_.end(), [this](const File& a, const File& b) {
    return a.key != b.key ? a.key < b.key : path(a) < path(b);
  });
  return 0;
}

std::string Whereabouts::path_of(std::string_view base) const {
  const auto paths = paths_of(base);
  return paths.empty() ? std::string() : paths.front();
}

std::vector<std::string> Whereabouts::paths_of(std::string_view base) const {
  std::vector<std::string> paths;
  const std::uint64_t key = key_of(base);
  auto file = std::lower_bound(files_.begin(), files_.end(), key,
                               [](const File& a, std::uint64_t b) { return a.key < b; });
  for (; file != files_.end() && file->key == key; ++file) {
    const std::string_view found = path(*file);
    if (same_message(base, FileName::parse(found.substr(found.find('/') + 1)).base))
      paths.emplace_back(found);
  }
  return paths;
}

}  // namespace postrider::maildir
