#include "ctl/outgoing_message.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/address_list.h"
#include "common/message/header_scanner.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kCrlf = "\r\n";

// Takes a line off the front of `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_continuation(std::string_view line) { return !line.empty() && is_wsp(line.front()); }

// RFC 5322 section 2.2: printable characters but the colon, then a colon.
bool is_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return c > ' ' && c < 0x7f; });
}

// Appends the header's lines. What is left of `text` is the body: after the empty line, or from the
// first line on that is no field.
void copy_header(std::string_view& text, std::string& to) {
  while (!text.empty()) {
    std::string_view rest = text;
    const std::string_view line = take_line(rest);
    if (!line.empty() && !is_continuation(line) && !is_field(line)) return;
    text = rest;
    if (line.empty()) return;
    to.append(line).append(kCrlf);
  }
}

void copy_body(std::string_view text, bool dot_ends, std::string& to) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (dot_ends && line == ".") return;
    to.append(line).append(kCrlf);
  }
}

struct Found {
  bool from = false;
  std::vector<std::string> recipients;
};

Found scan(std::string_view text) {
  Found found;
  message::HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    const auto is = [&](std::string_view other) { return equals_ignoring_case(name, other); };
    found.from |= is("From");
    if (!is("To") && !is("Cc") && !is("Bcc")) return;
    for (std::string& address : message::addresses_in(value))
      found.recipients.push_back(std::move(address));
  });
  scanner.feed(text);
  scanner.finish();
  return found;
}

}  // namespace

OutgoingMessage prepare(std::string_view text, const OutgoingOptions& options) {
  OutgoingMessage message;
  Found found = scan(text);
  if (options.read_recipients) message.recipients = std::move(found.recipients);
  std::string& content = message.content;
  content.reserve(text.size() + text.size() / 32);
  copy_header(text, content);
  if (!found.from) content += fmt::format("From: {}\r\n", options.from);
  content += kCrlf;
  copy_body(text, options.dot_ends, content);
  message.eight_bit = !is_all_ascii(content);
  return message;
}

}  // namespace postrider::ctl
