#include "ctl/password_line.h"

#include <string>
#include <utility>

#include "common/directory/password_policy.h"

namespace postrider::ctl {

Result<Secret> read_password(std::istream& in) {
  std::string line;
  bool ended = false;
  // One more for a CR, and one that tells that there is too much.
  while (!ended && line.size() < directory::kMaxPassword + 2) {
    const int next = in.get();
    ended = next == std::istream::traits_type::eof() || next == '\n';
    if (next == std::istream::traits_type::eof() && line.empty())
      return fail(ErrorKind::invalid, "no password on standard input");
    if (!ended) line.push_back(static_cast<char>(next));
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return fail(ErrorKind::invalid, "the password is empty");
  return Secret(std::move(line));
}

}  // namespace postrider::ctl
