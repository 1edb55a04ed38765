#include "ctl/doctor/group_rights.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;

// acl(5): where there is one, the group's bits are a mask of it.
constexpr const char* kAccessList = "system.posix_acl_access";

struct Needed {
  mode_t of_group;
  mode_t of_others;
};
constexpr Needed kToRead{S_IRGRP, S_IROTH};
constexpr Needed kToEnter{S_IXGRP, S_IXOTH};

bool is_closed(const std::string& path, gid_t group, const Needed& needed) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  if (::getxattr(path.c_str(), kAccessList, nullptr, 0) > 0) return false;
  return (status.st_mode & (status.st_gid == group ? needed.of_group : needed.of_others)) == 0;
}

}  // namespace

std::string obstacle_to(const std::string& path, gid_t group) {
  std::error_code error;
  const fs::path file = fs::canonical(path, error);  // as certbot's are links
  if (error) return {};
  fs::path folder;
  for (const fs::path& name : file.parent_path()) {
    folder /= name;
    if (is_closed(folder.string(), group, kToEnter)) return folder.string();
  }
  return is_closed(file.string(), group, kToRead) ? path : std::string();
}

}  // namespace postrider::ctl
