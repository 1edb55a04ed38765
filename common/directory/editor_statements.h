// editor_statements.h - how the functions of DirectoryEditor run their statements; for its sources
// alone.
#pragma once

#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "common/directory/editor.h"

namespace postrider::directory {

// Of a change to one thing: that it was there.
inline Result<void> found(Result<std::int64_t> changed, std::string_view what,
                          std::string_view name) {
  if (!changed) return pass_on(std::move(changed.error()));
  if (*changed == 0) return fail(ErrorKind::not_found, fmt::format("no {} {}", what, name));
  return {};
}

template <typename... Values>
Result<std::int64_t> DirectoryEditor::change(std::string_view sql, const Values&... values) {
  auto statement = database_.prepare(sql);
  if (!statement) return pass_on(std::move(statement.error()));
  if (auto done = statement->bind(values...).run(); !done) return pass_on(std::move(done.error()));
  return database_.changes();
}

template <typename... Values>
Result<bool> DirectoryEditor::exists(std::string_view sql, const Values&... values) {
  auto statement = database_.prepare(sql);
  if (!statement) return pass_on(std::move(statement.error()));
  return statement->bind(values...).step();
}

template <typename Read, typename... Values>
auto DirectoryEditor::rows(std::string_view sql, Read read, const Values&... values)
    -> Result<std::vector<std::invoke_result_t<Read, const sqlite::Statement&>>> {
  auto statement = database_.prepare(sql);
  if (!statement) return pass_on(std::move(statement.error()));
  statement->bind(values...);
  std::vector<std::invoke_result_t<Read, const sqlite::Statement&>> all;
  while (true) {
    const auto row = statement->step();
    if (!row) return pass_on(row.error());
    if (!*row) return all;
    all.push_back(read(*statement));
  }
}

// A number that may be NULL, on its way in and out.
inline MailboxRules::Number number(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return static_cast<std::uint64_t>(row.integer(column));
}
inline MailboxRules rules_at(const sqlite::Statement& row, int column) {
  return {number(row, column), number(row, column + 1), number(row, column + 2),
          number(row, column + 3)};
}

}  // namespace postrider::directory
