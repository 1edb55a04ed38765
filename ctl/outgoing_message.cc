#include "ctl/outgoing_message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/address_list.h"

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

// Takes a line and those that continue it, with CRLF. An empty line is continued by none.
std::string take_folded(std::string_view& text) {
  std::string_view line = take_line(text);
  std::string lines(line);
  while (!line.empty() && !text.empty() && is_wsp(text.front())) {
    line = take_line(text);
    lines.append(kCrlf).append(line);
  }
  return lines.append(kCrlf);
}

struct Field {
  std::string_view name;
  std::string_view value;  // folded
};

// RFC 5322 section 2.2: a name of printable characters, then a colon; before that white space is
// accepted (section 4.5), and a line that was folded there.
std::optional<Field> parse_field(std::string_view lines) {
  const std::size_t colon = lines.find(':');
  if (colon == std::string_view::npos || is_wsp(lines.front())) return std::nullopt;
  const std::string_view name = trim(lines.substr(0, colon));
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (name.empty() || !printable) return std::nullopt;
  return Field{name, lines.substr(colon + 1)};
}

// Passes over the line that begins a message in an mbox file.
void skip_mbox_line(std::string_view& text) {
  std::string_view rest = text;
  const std::string_view line = take_line(rest);
  if (line.starts_with("From ") && !parse_field(line)) text = rest;
}

struct Header {
  std::string fields;
  bool has_from = false;
  std::vector<std::string> recipients;
};

void note(const Field& field, Header& header) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  header.has_from |= is("From");
  if (!is("To") && !is("Cc") && !is("Bcc")) return;
  std::string value(trim(field.value));
  std::erase_if(value, [](char c) { return c == '\r' || c == '\n'; });
  for (std::string& address : message::addresses_in(value))
    header.recipients.push_back(std::move(address));
}

// What is left of `text` is the body: after the empty line, or from the first line on that is no
// field. Recipients are read of what is kept alone: of what is none of the header smtpd would not
// take a Bcc out.
Header take_header(std::string_view& text) {
  skip_mbox_line(text);
  Header header;
  while (!text.empty()) {
    std::string_view rest = text;
    const std::string lines = take_folded(rest);
    const auto field = parse_field(lines);
    if (field || lines == kCrlf) text = rest;
    if (!field) break;
    note(*field, header);
    header.fields += lines;
  }
  return header;
}

void copy_body(std::string_view text, bool dot_ends, std::string& to) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (dot_ends && line == ".") return;
    to.append(line).append(kCrlf);
  }
}

}  // namespace

OutgoingMessage prepare(std::string_view text, const OutgoingOptions& options) {
  OutgoingMessage message;
  Header header = take_header(text);
  if (options.read_recipients) message.recipients = std::move(header.recipients);
  std::string& content = message.content;
  content.reserve(header.fields.size() + text.size() + text.size() / 32);
  content += header.fields;
  if (!header.has_from) content += fmt::format("From: {}\r\n", options.from);
  content += kCrlf;
  copy_body(text, options.dot_ends, content);
  message.eight_bit = !is_all_ascii(content);
  return message;
}

}  // namespace postrider::ctl
