#include "ctl/csv.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::string_view text) noexcept : text_(text) {
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

Result<std::optional<CsvReader::Row>> CsvReader::next() {
  if (text_.empty()) return std::nullopt;
  Row row{.line = line_, .fields = {}};
  while (true) {
    auto one = field();
    if (!one) return pass_on(std::move(one.error()));
    row.fields.push_back(std::move(*one));
    if (!text_.starts_with(',')) break;
    if (row.fields.size() >= kMaxFields)
      return wrong(fmt::format("the row has more than {} fields", kMaxFields));
    text_.remove_prefix(1);
  }
  if (text_.empty()) return row;
  text_.remove_prefix(text_.starts_with('\r') ? 2 : 1);
  ++line_;
  return row;
}

bool CsvReader::at_line_end() const noexcept {
  return text_.empty() || text_.front() == '\n' || text_.starts_with("\r\n");
}

tl::unexpected<Error> CsvReader::wrong(std::string_view what) const {
  return fail(ErrorKind::invalid, fmt::format("line {}: {}", line_, what));
}

Result<std::string> CsvReader::field() {
  auto value = text_.starts_with('"') ? quoted() : Result<std::string>(plain());
  if (!value) return value;
  if (value->size() > kMaxField)
    return wrong(fmt::format("a field has more than {} octets", kMaxField));
  if (text_.starts_with('"'))
    return wrong("a quote within a field; write the field as \"…\", and quotes in it twice");
  if (!text_.starts_with(',') && !at_line_end())
    return wrong("between the quote that ends a field and the next comma stands nothing");
  return value;
}

std::string CsvReader::plain() {
  std::size_t length = std::min(text_.find_first_of(",\n\""), text_.size());
  if (text_.substr(length).starts_with('\n') && length > 0 && text_[length - 1] == '\r') --length;
  std::string value(text_.substr(0, length));
  text_.remove_prefix(length);
  return value;
}

// A quote in it is written twice.
Result<std::string> CsvReader::quoted() {
  const std::size_t begins = line_;
  std::string value;
  while (true) {
    text_.remove_prefix(1);
    const std::size_t length = text_.find('"');
    if (length == std::string_view::npos || value.size() > kMaxField) {
      line_ = begins;
      text_ = {};
      return wrong(length == std::string_view::npos ? "the quote that begins here is not ended"
                                                    : "a field is too long");
    }
    value += text_.substr(0, length);
    line_ += static_cast<std::size_t>(
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
    text_.remove_prefix(length + 1);
    if (!text_.starts_with('"')) return value;
    value += '"';
  }
}

std::string csv_row(const std::vector<std::string>& fields) {
  std::string row;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) row += ',';
    const bool plain = field.find_first_of(",\"\r\n") == std::string::npos;
    if (!plain) row += '"';
    for (const char c : field) row += c == '"' ? std::string(2, c) : std::string(1, c);
    if (!plain) row += '"';
  }
  return row + "\r\n";
}

}  // namespace postrider::ctl
