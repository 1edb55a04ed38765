#include "common/directory/watched_database.h"

#include <utility>

#include <fmt/format.h>

#include "common/directory/schema.h"

namespace postrider::directory {

Result<void> WatchedDatabase::open() {
  auto database = sqlite::Database::open(path_, sqlite::Access::read, kBusyTimeout);
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  const auto schema = database->schema_version();
  if (!schema) return tl::unexpected<Error>(schema.error());
  if (*schema < static_cast<std::int64_t>(kSchema.size()))
    return fail(ErrorKind::temporary,
                fmt::format("{}: has schema {}, this release needs {}; bring it up to date with: "
                            "postrider domain list",
                            path_, *schema, kSchema.size()));
  if (*schema > static_cast<std::int64_t>(kSchema.size()))
    return fail(ErrorKind::temporary, fmt::format("{}: has schema {}, this release knows {}", path_,
                                                  *schema, kSchema.size()));
  auto version = database->prepare("PRAGMA data_version");
  if (!version) return tl::unexpected<Error>(std::move(version.error()));
  database_ = std::move(*database);
  data_version_ = std::move(*version);
  return {};
}

Result<std::int64_t> WatchedDatabase::look() {
  const auto row = data_version_->step();
  if (!row) return tl::unexpected<Error>(row.error());
  const std::int64_t version = data_version_->integer(0);
  data_version_->reset();
  return version;
}

Result<bool> WatchedDatabase::refresh() {
  const bool due = !checked_ || loop_.now() - *checked_ >= kRecheck;
  if (!due && database_) return false;
  if (!due) return tl::unexpected<Error>(trouble_);
  checked_ = loop_.now();
  if (!database_) {
    if (auto opened = open(); !opened) {
      trouble_ = {ErrorKind::temporary, "directory: " + opened.error().text};
      return tl::unexpected<Error>(trouble_);
    }
  }
  const auto version = look();
  if (!version) return tl::unexpected<Error>(version.error());
  return std::exchange(version_, *version) != *version;
}

}  // namespace postrider::directory
