#include "ctl/monitor/http_answer.h"

#include <sodium.h>

#include <array>

#include <fmt/format.h>

#include "common/base/base64.h"

namespace postrider::ctl {

namespace {

// RFC 9110 section 15.
std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 505: return "HTTP Version Not Supported";
    default: return "Service Unavailable";
  }
}

}  // namespace

HttpAnswer refusal(int status, std::string_view why) {
  return {.status = status, .body = fmt::format("{}\n", why)};
}

std::string to_wire(const HttpAnswer& answer, bool head_only) {
  const std::string style =
      answer.style_hash.empty() ? "" : fmt::format(" style-src {};", answer.style_hash);
  return fmt::format(
      "HTTP/1.1 {} {}\r\n"
      "Content-Type: {}\r\n"
      "Content-Length: {}\r\n"
      "{}"
      "Connection: close\r\n"
      "Cache-Control: no-store\r\n"
      "Content-Security-Policy: default-src 'none';{} form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "\r\n{}",
      answer.status, reason_phrase(answer.status), answer.type, answer.body.size(),
      answer.status == 405 ? "Allow: GET, HEAD\r\n" : "", style,
      head_only ? std::string_view() : std::string_view(answer.body));
}

std::string hash_of_style(std::string_view style) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(style.data()),
                     style.size());
  return fmt::format("'sha256-{}'",
                     to_base64({reinterpret_cast<const char*>(hash.data()), hash.size()}));
}

}  // namespace postrider::ctl
