#include "common/maildir/clashes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace postrider::maildir {

namespace {

// When the file was made in this file system, in nanoseconds; 0 where it does not tell.
std::int64_t came_here(int maildir, const Listing& listing, std::size_t i) {
  const std::string path = fmt::format("{}/{}", name_of(listing.folder(i)), listing.file_name(i));
  struct statx status {};
  if (::statx(maildir, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME, &status) != 0 ||
      (status.stx_mask & STATX_BTIME) == 0)
    return 0;
  return status.stx_btime.tv_sec * 1'000'000'000 + status.stx_btime.tv_nsec;
}

}  // namespace

std::vector<std::size_t> younger_of(int maildir, const Listing& listing,
                                    const std::vector<std::size_t>& clashes) {
  if (clashes.empty()) return {};
  std::unordered_map<std::string, std::size_t> oldest;  // by unique-id
  for (const std::size_t i : clashes) oldest.emplace(listing.unique_id(i), i);
  for (std::size_t i = 0; i < listing.size(); ++i)
    if (!std::binary_search(clashes.begin(), clashes.end(), i))
      if (const auto of = oldest.find(listing.unique_id(i)); of != oldest.end()) of->second = i;
  std::vector<std::size_t> all;
  for (const std::size_t i : clashes) {
    std::size_t& old = oldest[listing.unique_id(i)];
    const bool is_older =
        old != i && came_here(maildir, listing, i) < came_here(maildir, listing, old);
    all.push_back(is_older ? std::exchange(old, i) : i);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace postrider::maildir
