#include "ctl/password_line.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::ctl {

Result<Secret> read_password(std::istream& in) {
  std::string line;
  bool ended = false;
  // One more for a CR, and one that tells that there is too much.
  while (!ended && line.size() < kMaxPassword + 2) {
    const int next = in.get();
    ended = next == std::istream::traits_type::eof() || next == '\n';
    if (next == std::istream::traits_type::eof() && line.empty())
      return fail(ErrorKind::invalid, "no password on standard input");
    if (!ended) line.push_back(static_cast<char>(next));
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return fail(ErrorKind::invalid, "the password is empty");
  if (line.size() > kMaxPassword)
    return fail(
        ErrorKind::invalid,
        fmt::format("the password has more than {} octets; choose a shorter one", kMaxPassword));
  if (std::any_of(line.begin(), line.end(), is_control))
    return fail(ErrorKind::invalid,
                "the password has a control character, as a tab or a NUL; nobody can type it at a "
                "login: leave it out");
  return Secret(std::move(line));
}

}  // namespace postrider::ctl
