// document.h - a TOML text as plain values with the lines they stand on; the TOML library is seen
// in document.cc alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"

namespace postrider::config {

struct Member;

struct Value {
  using Array = std::vector<Value>;
  using Table = std::vector<Member>;
  // A date, a time or a floating-point number: no parameter is one.
  struct Other {};

  std::variant<Other, bool, std::int64_t, std::string, Array, Table> data;
  unsigned line = 0;

  // The kind of value, for people: "a string", "an array".
  std::string_view kind() const noexcept;
};

struct Member {
  std::string key;
  Value value;
  unsigned line = 0;  // of the key
};

struct SyntaxError {
  unsigned line = 0;
  std::string text;
};

// The members of the document in the order of their lines, or where it stops being TOML.
tl::expected<Value::Table, SyntaxError> parse_toml(std::string_view text);

// `text` as a TOML string with its quotes.
std::string quote(std::string_view text);

}  // namespace postrider::config
