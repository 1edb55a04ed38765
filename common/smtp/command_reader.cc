#include "common/smtp/command_reader.h"

#include <algorithm>

#include "common/base/ascii.h"
#include "common/smtp/parameters.h"

namespace postrider::smtp {

CommandReader::Taken CommandReader::take(std::string_view& input, Expected expected) {
  if ((discarding_ && !discard(input)) || input.empty()) return {Kind::incomplete, {}};
  const char first = input.front();
  if (!is_ascii(first) || (is_control(first) && first != '\r' && first != '\n'))
    return refuse_line(Kind::alien);

  const std::size_t limit = expected == Expected::command ? limit_of(input) : kAuthLine;
  const std::size_t line_feed = input.substr(0, limit).find('\n');
  if (line_feed == std::string_view::npos)
    return input.size() < limit ? Taken{Kind::incomplete, {}} : refuse_line(Kind::too_long);
  if (line_feed == 0 || input[line_feed - 1] != '\r') return refuse_line(Kind::malformed);
  const std::string_view line = input.substr(0, line_feed - 1);
  input.remove_prefix(line_feed + 1);
  if (std::any_of(line.begin(), line.end(), is_control)) return {Kind::malformed, {}};
  return {Kind::line, line};
}

// The rest of the line up to its CRLF is passed over.
CommandReader::Taken CommandReader::refuse_line(Kind why) {
  discarding_ = true;
  return {why, {}};
}

// True: the line that is passed over came to its end.
bool CommandReader::discard(std::string_view& input) {
  const std::size_t end = input.find("\r\n");
  if (end == std::string_view::npos) {
    const bool may_end = input.ends_with('\r');
    input.remove_prefix(input.size() - (may_end ? 1 : 0));
    return false;
  }
  input.remove_prefix(end + 2);
  discarding_ = false;
  return true;
}

std::size_t CommandReader::limit_of(std::string_view line) const {
  if (starts_with_ignoring_case(line, "MAIL")) return line_limit_ + kMailParameterOctets;
  if (starts_with_ignoring_case(line, "RCPT")) return line_limit_ + kRcptParameterOctets;
  if (starts_with_ignoring_case(line, "VRFY") || starts_with_ignoring_case(line, "EXPN"))
    return line_limit_ + kUtf8ParameterOctets;
  if (starts_with_ignoring_case(line, "AUTH")) return std::max(line_limit_, kAuthLine);
  return line_limit_;
}

}  // namespace postrider::smtp
