#include "common/maildir/uidl_format.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::maildir {

namespace {

constexpr std::size_t kMaxWidthDigits = 2;

tl::unexpected<Error> not_known(std::string_view what) {
  return fail(ErrorKind::invalid,
              fmt::format("the format of unique-ids: {}; known are %u, %v, %f and %g with a width "
                          "and X, L or U before the letter, as in {}",
                          what, UidlFormat::kDefault));
}

}  // namespace

UidlFormat::Variable UidlFormat::variable_of(char letter) noexcept {
  switch (letter) {
    case 'u': return Variable::uid;
    case 'v': return Variable::validity;
    case 'f': return Variable::file;
    case 'g': return Variable::guid;
    default: return Variable::none;
  }
}

// `rest` is what follows the '%'.
Result<UidlFormat::Part> UidlFormat::take_variable(std::string_view& rest) {
  const std::string_view all = rest;
  Part part;
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  part.zeros = rest.starts_with('0');
  if (digits > kMaxWidthDigits) return not_known("a width has two digits at most");
  for (const char c : rest.substr(0, digits))
    part.width = part.width * 10 + static_cast<std::size_t>(c - '0');
  rest.remove_prefix(digits);
  if (!rest.empty() && (rest[0] == 'X' || rest[0] == 'L' || rest[0] == 'U')) {
    part.modifier = rest[0];
    rest.remove_prefix(1);
  }
  if (rest.empty()) return not_known("it ends within a variable");
  part.variable = variable_of(rest[0]);
  rest.remove_prefix(1);
  if (part.variable == Variable::none)
    return not_known(
        fmt::format("'%{}' is not known here", all.substr(0, all.size() - rest.size())));
  const bool is_number = part.variable == Variable::uid || part.variable == Variable::validity;
  if (part.modifier == 'X' && !is_number) return not_known("X is for %u and %v alone");
  return part;
}

Result<UidlFormat> UidlFormat::parse(std::string_view format) {
  if (format.empty() || format.size() > kMaxSize) return not_known("it is empty, or too long");
  UidlFormat parsed;
  for (std::string_view rest = format; !rest.empty();) {
    if (!rest.starts_with('%') || rest.starts_with("%%")) {
      parsed.parts_.push_back({.literal = std::string(rest.substr(0, 1))});
      rest.remove_prefix(rest[0] == '%' ? 2 : 1);
      continue;
    }
    rest.remove_prefix(1);
    auto part = take_variable(rest);
    if (!part) return pass_on(std::move(part.error()));
    parsed.parts_.push_back(std::move(*part));
  }
  const bool differs = std::any_of(parsed.parts_.begin(), parsed.parts_.end(), [](const Part& p) {
    return p.variable != Variable::none && p.variable != Variable::validity;
  });
  if (!differs) return not_known("nothing in it differs between messages");
  return parsed;
}

std::string UidlFormat::expand(const Part& part, const Values& values) {
  if (part.variable == Variable::none) return part.literal;
  const bool is_number = part.variable == Variable::uid || part.variable == Variable::validity;
  const std::uint32_t value = part.variable == Variable::uid ? values.uid : values.validity;
  std::string text(part.variable == Variable::file ? values.file : values.guid);
  if (is_number) text = part.modifier == 'X' ? fmt::format("{:x}", value) : std::to_string(value);
  if (part.modifier == 'L') text = to_lower(text);
  if (part.modifier == 'U')
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
  if (part.zeros && text.size() < part.width) text.insert(0, part.width - text.size(), '0');
  if (!part.zeros && part.width > 0) text = text.substr(0, part.width);
  return text;
}

std::string UidlFormat::expand(const Values& values) const {
  std::string id;
  for (const Part& part : parts_) id += expand(part, values);
  return id;
}

bool UidlFormat::needs_validity() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.variable == Variable::validity; });
}

}  // namespace postrider::maildir
