// csv.h - tables as comma-separated values: RFC 4180, read and written.
//
// Lines may end without a CR, and the file may begin with a byte order mark, as spreadsheets have
// it. A row knows the line in which it begins, since a quoted field may go over several.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace postrider::ctl {

class CsvReader {
 public:
  static constexpr std::size_t kMaxFields = 64;         // of a row
  static constexpr std::size_t kMaxField = 64U << 10U;  // octets

  struct Row {
    std::size_t line;  // from 1
    std::vector<std::string> fields;
  };

  // `text` outlives it.
  explicit CsvReader(std::string_view text) noexcept;

  // Nothing at the end. The error (invalid) names the line; after one there is nothing more.
  Result<std::optional<Row>> next();

 private:
  Result<std::string> field();
  Result<std::string> quoted();
  std::string plain();
  bool at_line_end() const noexcept;
  tl::unexpected<Error> wrong(std::string_view what) const;

  std::string_view text_;  // what is left
  std::size_t line_ = 1;
};

// The row with its CR LF; fields are quoted where they must be.
std::string csv_row(const std::vector<std::string>& fields);

}  // namespace postrider::ctl
