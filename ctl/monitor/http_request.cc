#include "ctl/monitor/http_request.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kScheme = "http://";

// RFC 9110 section 5.6.2: what methods and names of fields are made of.
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || kOthers.find(c) != std::string_view::npos;
  });
}

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = ascii_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

// Cuts `text` at the first `mark`, which goes with neither.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  const std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
  return taken;
}

bool says_content(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "transfer-encoding")) return true;
  return equals_ignoring_case(name, "content-length") &&
         value.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::string_view HttpRequest::parameter(std::string_view name) const {
  const auto it = std::find_if(query.begin(), query.end(),
                               [&](const auto& parameter) { return parameter.first == name; });
  return it == query.end() ? std::string_view() : std::string_view(it->second);
}

HttpRequestReader::Step HttpRequestReader::take(std::string_view octets) {
  // The end of the head may have begun in what came before.
  const std::size_t known = held_.size() < kEndOfHead.size() ? 0 : held_.size() - kEndOfHead.size();
  held_.append(octets.substr(0, kMaxHead + 1 - std::min(held_.size(), kMaxHead + 1)));
  const std::size_t end = held_.find(kEndOfHead, known);
  if (end == std::string::npos) {
    if (held_.size() <= kMaxHead) return Step::incomplete;
    wrong(431, "the head is too long");
    return Step::bad;
  }
  held_.resize(end + 2);  // each line ends in CRLF
  return look();
}

HttpRequestReader::Step HttpRequestReader::look() {
  std::string_view rest = held_;
  if (!read_request_line(take_until(rest, "\r\n"))) return Step::bad;
  for (std::size_t fields = 0; !rest.empty(); ++fields) {
    if (fields == kMaxFields) wrong(431, "there are too many fields");
    if (status_ != 0 || !read_field(take_until(rest, "\r\n"))) return Step::bad;
  }
  // RFC 9112 section 3.2; of HTTP/1.0 as well, as what is not named here is not served.
  if (!has_host_) wrong(400, "the field Host is missing");
  return status_ == 0 ? Step::done : Step::bad;
}

// request-line = method SP request-target SP HTTP-version          (RFC 9112 section 3)
bool HttpRequestReader::read_request_line(std::string_view line) {
  if (std::any_of(line.begin(), line.end(), is_control))
    return wrong(400, "the request line holds a control character");
  const std::string_view method = take_until(line, " ");
  const std::string_view target = take_until(line, " ");
  if (!is_token(method)) return wrong(400, "the request line has no method");
  if (!line.starts_with("HTTP/1.") || line.size() != 8 || !is_digit(line.back()))
    return wrong(line.starts_with("HTTP/") ? 505 : 400, "the request is not of HTTP/1");
  if (method == "GET") request_.method = HttpRequest::Method::get;
  if (method == "HEAD") request_.method = HttpRequest::Method::head;
  return read_target(target);
}

// origin-form, or absolute-form, whose host goes before the field (RFC 9112 section 3.2.2).
bool HttpRequestReader::read_target(std::string_view target) {
  if (starts_with_ignoring_case(target, kScheme)) {
    target.remove_prefix(kScheme.size());
    const std::size_t path = std::min(target.find_first_of("/?"), target.size());
    if (!read_host(target.substr(0, path))) return false;
    target_has_host_ = true;
    target.remove_prefix(path);
    if (!target.starts_with('/')) request_.path = std::string(1, '/');  // as g++ 12 warns of "/"
  } else if (!target.starts_with('/')) {
    return wrong(400, "the target is no path");
  }
  const std::string_view path = take_until(target, "?");
  if (!path.empty() && !decode_url(path, request_.path))
    return wrong(400, "the path is not encoded right");
  return read_query(target);
}

// As forms send it: name "=" value, with "&" between them.
bool HttpRequestReader::read_query(std::string_view query) {
  while (!query.empty()) {
    std::string_view value = take_until(query, "&");
    if (value.empty()) continue;
    if (request_.query.size() == kMaxParameters) return wrong(400, "there are too many parameters");
    auto& parameter = request_.query.emplace_back();
    if (!decode_url(take_until(value, "="), parameter.first) ||
        !decode_url(value, parameter.second))
      return wrong(400, "the query is not encoded right");
  }
  return true;
}

// field-line = field-name ":" OWS field-value OWS                   (RFC 9112 section 5)
bool HttpRequestReader::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  // A line that is folded begins with a blank, which is no token: it is refused (section 5.2).
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return wrong(400, "a field has no name");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; }))
    return wrong(400, "a field holds a control character");
  if (says_content(name, value)) return wrong(413, "a request brings no content here");
  if (!equals_ignoring_case(name, "host")) return true;
  if (std::exchange(has_host_, true)) return wrong(400, "there are two fields Host");
  return target_has_host_ || read_host(value);
}

// uri-host [ ":" port ]                                            (RFC 9110 section 7.2)
bool HttpRequestReader::read_host(std::string_view authority) {
  const bool is_literal = authority.starts_with('[');
  const std::size_t end = is_literal ? authority.find(']') : authority.find(':');
  if (is_literal && end == std::string_view::npos) return wrong(400, "the host is not right");
  std::string_view port = authority.substr(std::min(end, authority.size()));
  if (is_literal) port.remove_prefix(1);
  const bool right = port.empty() || (port.front() == ':' && port.size() <= 6 &&
                                      std::all_of(port.begin() + 1, port.end(), is_digit));
  request_.host = to_lower(is_literal ? authority.substr(1, end - 1) : authority.substr(0, end));
  if (right && !request_.host.empty()) return true;
  return wrong(400, "the host is not right");
}

bool HttpRequestReader::wrong(int status, std::string_view why) {
  status_ = status;
  defect_ = why;
  return false;
}

bool decode_url(std::string_view text, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low) return false;
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    if (is_control(c)) return false;
    decoded += c;
  }
  return true;
}

std::string encode_url(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  for (const char c : text) {
    if (is_alnum(c) || kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace postrider::ctl
