#include "common/directory/recovery.h"

#include <filesystem>
#include <utility>

#include "common/sqlite/sqlite.h"

namespace postrider::directory {

Result<bool> is_cut_off(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  if (!database) return pass_on(std::move(database.error()));
  const auto read = database->schema_version();
  if (database->is_cut_off()) return true;
  if (!read) return pass_on(read.error());
  return false;
}

Result<bool> recover(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return false;
  const auto found = is_cut_off(path);
  if (!found) return pass_on(found.error());
  if (!*found) return false;
  auto database = sqlite::Database::open(path, sqlite::Access::write,
                                         sqlite::Database::kBusyTimeout, sqlite::Journal::rollback);
  if (!database) return pass_on(std::move(database.error()));
  if (const auto read = database->schema_version(); !read) return pass_on(read.error());
  return true;
}

}  // namespace postrider::directory
