#include "common/base/xtext.h"

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider {

namespace {

bool is_xchar(char c) noexcept { return c > ' ' && c <= '~' && c != '+' && c != '='; }

// -1: none. Lower case is none.
int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::string to_xtext(std::string_view text) {
  std::string xtext;
  for (const char c : text) {
    if (is_xchar(c)) {
      xtext += c;
    } else {
      xtext += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    }
  }
  return xtext;
}

std::optional<std::string> from_xtext(std::string_view xtext) {
  std::string text;
  while (!xtext.empty()) {
    std::size_t taken = 1;
    if (is_xchar(xtext.front())) {
      text += xtext.front();
    } else {
      if (xtext.front() != '+' || xtext.size() < 3) return std::nullopt;
      const int high = hex_value(xtext[1]);
      const int low = hex_value(xtext[2]);
      if (high < 0 || low < 0) return std::nullopt;
      text += static_cast<char>(high * 16 + low);
      taken = 3;
    }
    xtext.remove_prefix(taken);
  }
  return text;
}

}  // namespace postrider
