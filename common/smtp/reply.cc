#include "common/smtp/reply.h"

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::smtp {

std::string to_wire(const Reply& reply) {
  std::string wire;
  std::string_view rest = reply.text;
  while (true) {
    const std::size_t end = rest.find('\n');
    const bool last = end == std::string_view::npos;
    wire += fmt::format_int(reply.code).str();
    wire += last ? ' ' : '-';
    wire += reply.status;
    if (!reply.status.empty()) wire += ' ';
    wire += rest.substr(0, end);
    wire += "\r\n";
    if (last) return wire;
    rest.remove_prefix(end + 1);
  }
}

std::string to_line(const Reply& reply) {
  std::string line = fmt::format("{} {}{}{}", reply.code, reply.status,
                                 reply.status.empty() ? "" : " ", reply.text);
  for (char& c : line)
    if (is_control(c)) c = ' ';
  return line;
}

}  // namespace postrider::smtp
