#include "common/message/content_type.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

// Takes a value off the front: a quoted string, or what stands before the next semicolon.
std::string take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string value(trim(text.substr(0, end)));
    text.remove_prefix(end);
    return value;
  }
  text.remove_prefix(1);
  std::string value;
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  text.remove_prefix(std::min(text.find(';'), text.size()));
  return value;
}

}  // namespace

ContentType parse_content_type(std::string_view value) {
  const std::size_t end = std::min(value.find(';'), value.size());
  ContentType content{to_lower(trim(value.substr(0, end))), ""};
  value.remove_prefix(end);
  while (!value.empty()) {
    value.remove_prefix(1);  // the semicolon
    const std::size_t equals = value.find_first_of("=;");
    const std::string_view name = trim(value.substr(0, equals));
    value.remove_prefix(std::min(equals, value.size()));
    if (!value.starts_with('=')) continue;
    value = trim(value.substr(1));
    std::string parameter = take_value(value);
    if (content.boundary.empty() && equals_ignoring_case(name, "boundary"))
      content.boundary = std::move(parameter);
  }
  return content;
}

}  // namespace postrider::message
