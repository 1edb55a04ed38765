// statements.h - where in a TOML text each line's key and value stand, octet for octet.
//
// For texts that parse_toml() has taken: of others something is returned, within the text. It is
// told here where things are, not what they mean; a key that is written with escapes has none of
// the names that a parameter has. Time and memory are linear in the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::config {

struct Statement {
  enum class Kind : std::uint8_t {
    value,    // key = value
    table,    // [key]
    element,  // [[key]]
  };
  Kind kind = Kind::value;
  // From the top of the document: for a value with the keys of its table before its own.
  std::vector<std::string> path;
  bool in_element = false;  // it belongs to a [[table]]
  std::size_t begin = 0;    // its first octet
  std::size_t key_end = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;  // of a table or element: behind the last bracket
  std::size_t line_end = 0;   // at the line break behind it and its comment, or at the text's end
  bool has_comment = false;   // behind it, on its last line
  bool has_inner_comment = false;  // within the value

  // In an inline table more may stand than the path says.
  bool is_inline_table(std::string_view text) const {
    return kind == Kind::value && value_begin < text.size() && text[value_begin] == '{';
  }
};

std::vector<Statement> statements_of(std::string_view text);

}  // namespace postrider::config
