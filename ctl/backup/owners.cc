#include "ctl/backup/owners.h"

#include <grp.h>
#include <pwd.h>

#include <charconv>

#include <fmt/format.h>

namespace postrider::ctl::backup {

namespace {

// The command has one thread: these functions of the system give what the next call overwrites.
std::string user_name(uid_t id) {
  const passwd* const found = ::getpwuid(id);
  return found != nullptr ? std::string(found->pw_name) : fmt::format("{}", id);
}

std::string group_name(gid_t id) {
  const group* const found = ::getgrgid(id);
  return found != nullptr ? std::string(found->gr_name) : fmt::format("{}", id);
}

std::optional<unsigned> number_in(const std::string& name) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::optional<uid_t> find_user(const std::string& name) {
  if (const passwd* const found = ::getpwnam(name.c_str()); found != nullptr) return found->pw_uid;
  return number_in(name);
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const group* const found = ::getgrnam(name.c_str()); found != nullptr) return found->gr_gid;
  return number_in(name);
}

// What `map` has for `key`, which `find` tells the first time.
template <typename Map, typename Find>
const typename Map::mapped_type& once(Map& map, const typename Map::key_type& key, Find find) {
  const auto known = map.find(key);
  if (known != map.end()) return known->second;
  return map.emplace(key, find(key)).first->second;
}

}  // namespace

const std::string& Owners::user(uid_t id) { return once(users_, id, user_name); }
const std::string& Owners::group(gid_t id) { return once(groups_, id, group_name); }
std::optional<uid_t> Owners::user_id(const std::string& name) {
  return once(user_ids_, name, find_user);
}
std::optional<gid_t> Owners::group_id(const std::string& name) {
  return once(group_ids_, name, find_group);
}

}  // namespace postrider::ctl::backup
