// replies.h - the replies in what a server sent, for comparing with a peer's.
#pragma once

#include <string>
#include <string_view>

namespace postrider::smtp::testing {

// "250 354": the code of each reply; a reply of several lines counts once.
inline std::string codes(std::string_view wire) {
  std::string seen;
  while (!wire.empty()) {
    const std::size_t end = wire.find("\r\n");
    const std::string_view line = wire.substr(0, end);
    if (line.size() > 3 && line[3] == ' ')
      seen += (seen.empty() ? "" : " ") + std::string(line.substr(0, 3));
    wire.remove_prefix(end == std::string_view::npos ? wire.size() : end + 2);
  }
  return seen;
}

}  // namespace postrider::smtp::testing
