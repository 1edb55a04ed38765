#include "common/smtp/auth_offer.h"

#include <algorithm>
#include <string_view>

#include "common/base/ascii.h"

namespace postrider::smtp {

namespace {

// auth-line = "AUTH" *( SP mechanism )
void add_line(std::string_view line, std::vector<sasl::Mechanism>& mechanisms) {
  constexpr std::string_view kAuth = "AUTH ";
  if (!starts_with_ignoring_case(line, kAuth)) return;
  line.remove_prefix(kAuth.size());
  while (!line.empty()) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto known = sasl::find_mechanism(line.substr(0, space), sasl::Binding::possible);
    if (known) mechanisms.push_back(*known);
    line.remove_prefix(std::min(space + 1, line.size()));
  }
}

}  // namespace

std::vector<sasl::Mechanism> offered_mechanisms(const Reply& reply) {
  std::vector<sasl::Mechanism> mechanisms;
  std::string_view rest = reply.text;
  // The first line is the server's name and greeting.
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);
    add_line(rest.substr(0, rest.find('\n')), mechanisms);
  }
  return mechanisms;
}

}  // namespace postrider::smtp
