#include "common/directory/watched_database.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include "common/directory/recovery.h"
#include "common/directory/schema.h"

namespace postrider::directory {

namespace {

constexpr auto kKnown = static_cast<std::int64_t>(kSchema.size());

Result<void> check_schema(sqlite::Database& database) {
  const auto schema = database.schema_version();
  if (!schema) return pass_on(schema.error());
  if (*schema < kKnown)
    return fail(ErrorKind::temporary,
                fmt::format("{}: has schema {}, this release needs {}; bring it up to date with: "
                            "postrider domain list",
                            database.path(), *schema, kKnown));
  if (*schema > kKnown)
    return fail(ErrorKind::temporary, fmt::format("{}: has schema {}, this release knows {}",
                                                  database.path(), *schema, kKnown));
  return {};
}

}  // namespace

std::optional<WatchedDatabase::FileId> WatchedDatabase::find_file() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

// What is renamed onto it meanwhile is found by the next look.
Result<void> WatchedDatabase::open() {
  const auto file = find_file();
  auto database = sqlite::Database::open(path_, sqlite::Access::read, kBusyTimeout);
  if (!database) return pass_on(std::move(database.error()));
  if (auto right = check_schema(*database); !right) {
    if (database->is_cut_off()) right.error().text += fmt::format("; {}", kRecover);
    return right;
  }
  auto data_version = database->prepare("PRAGMA data_version");
  if (!data_version) return pass_on(std::move(data_version.error()));
  std::vector<sqlite::Statement> questions;
  for (const std::string_view sql : sql_) {
    auto question = database->prepare(sql);
    if (!question) return pass_on(std::move(question.error()));
    questions.push_back(std::move(*question));
  }
  open_.emplace(
      Open{file, std::move(*database), std::move(*data_version), std::move(questions), 0});
  return {};
}

// True: another process has written to the file.
Result<bool> WatchedDatabase::look() {
  const auto row = open_->data_version.step();
  if (!row) return pass_on(row.error());
  const std::int64_t number = open_->data_version.integer(0);
  open_->data_version.reset();
  return std::exchange(open_->seen, number) != number;
}

tl::unexpected<Error> WatchedDatabase::trouble(std::string_view why) {
  open_.reset();
  trouble_ = {ErrorKind::temporary, fmt::format("directory: {}", why)};
  return pass_on(trouble_);
}

Result<bool> WatchedDatabase::refresh() {
  if (open_ && open_->database.damaged())
    trouble(fmt::format("{}: is damaged, put a whole one in its place", path_));
  const bool due = !checked_ || loop_.now() - *checked_ >= kRecheck;
  if (!due && open_) return false;
  if (!due) return pass_on(trouble_);
  checked_ = loop_.now();
  if (open_ && open_->file != find_file()) open_.reset();
  const bool was_open = open_.has_value();
  if (!was_open) {
    if (auto opened = open(); !opened) return trouble(opened.error().text);
  }
  const auto written = look();
  if (!written && open_->database.is_cut_off())
    return trouble(fmt::format("{}; {}", written.error().text, kRecover));
  if (!written) return pass_on(written.error());
  if (was_open && !*written) return false;
  return true;
}

}  // namespace postrider::directory
