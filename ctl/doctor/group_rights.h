// group_rights.h - whether the members of a group, who are neither root nor the owner, get at a
// file.
#pragma once

#include <sys/types.h>

#include <string>

namespace postrider::ctl {

// What keeps them from reading: the file, or the first of its folders that they cannot enter.
// Empty: nothing, or it is not known, as the file is not there or has an access control list.
std::string obstacle_to(const std::string& path, gid_t group);

}  // namespace postrider::ctl
