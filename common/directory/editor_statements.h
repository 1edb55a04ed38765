// editor_statements.h - how the functions of DirectoryEditor run their statements; for its sources
// alone.
#pragma once

#include <utility>

#include <fmt/format.h>

#include "common/directory/editor.h"

namespace postrider::directory {

inline tl::unexpected<Error> passed_on(Error& error) {
  return tl::unexpected<Error>(std::move(error));
}

// Of a change to one thing: that it was there.
inline Result<void> found(Result<std::int64_t> changed, std::string_view what,
                          std::string_view name) {
  if (!changed) return passed_on(changed.error());
  if (*changed == 0) return fail(ErrorKind::not_found, fmt::format("no {} {}", what, name));
  return {};
}

template <typename... Values>
Result<std::int64_t> DirectoryEditor::change(std::string_view sql, const Values&... values) {
  auto statement = database_.prepare(sql);
  if (!statement) return passed_on(statement.error());
  if (auto done = statement->bind(values...).run(); !done) return passed_on(done.error());
  return database_.changes();
}

template <typename... Values>
Result<bool> DirectoryEditor::exists(std::string_view sql, const Values&... values) {
  auto statement = database_.prepare(sql);
  if (!statement) return passed_on(statement.error());
  return statement->bind(values...).step();
}

}  // namespace postrider::directory
