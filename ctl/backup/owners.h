// owners.h - users and groups by name, as a backup keeps them: on another host they have other
// numbers.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

namespace postrider::ctl::backup {

// Asks the system for each but once.
class Owners {
 public:
  // The number in digits where there is no name.
  const std::string& user(uid_t id);
  const std::string& group(gid_t id);

  // Nothing where this host has no such user, and `name` is no number.
  std::optional<uid_t> user_id(const std::string& name);
  std::optional<gid_t> group_id(const std::string& name);

 private:
  std::map<uid_t, std::string> users_;
  std::map<gid_t, std::string> groups_;
  std::map<std::string, std::optional<uid_t>> user_ids_;
  std::map<std::string, std::optional<gid_t>> group_ids_;
};

}  // namespace postrider::ctl::backup
