#include "common/smtp/data_reader.h"

#include <algorithm>

namespace postrider::smtp {

std::string_view DataReader::read(std::string_view& input) {
  while (!input.empty() && !finished()) {
    if (dotted_ && take_dot(input)) continue;
    const std::string_view content = input.substr(0, scan(input));
    input.remove_prefix(content.size());
    if (content.find('\0') != std::string_view::npos) found(Defect::nul);
    if (defect_ == Defect::none) return content;
  }
  return {};
}

void DataReader::end() noexcept {
  if (at_ == At::cr) found(Defect::bare_line_end);
  at_ = At::end;
}

// Takes an octet that belongs to no content: a dot that begins a line, and CR LF after it.
bool DataReader::take_dot(std::string_view& input) {
  const char next = input.front();
  if (at_ == At::line_start && next == '.') {
    at_ = At::dot;
  } else if (at_ == At::dot && next == '\r') {
    at_ = At::dot_cr;
  } else if (at_ == At::dot_cr && next == '\n') {
    at_ = At::end;
  } else {
    if (at_ == At::dot_cr) found(Defect::bare_line_end);
    if (at_ == At::dot || at_ == At::dot_cr) at_ = At::text;
    return false;
  }
  input.remove_prefix(1);
  return true;
}

// How far the content goes: to a dot that begins a line after DATA, or to the end of `input`.
// Precondition: `input` begins with an octet of content.
std::size_t DataReader::scan(std::string_view input) {
  std::size_t done = 0;
  const auto at_dot = [&] { return dotted_ && at_ == At::line_start && input[done] == '.'; };
  while (done < input.size() && !at_dot()) {
    const std::size_t line_feed = input.find('\n', done);
    const bool ends = line_feed != std::string_view::npos;
    const std::size_t next = ends ? line_feed + 1 : input.size();
    scan_line(input.substr(done, next - done), ends);
    done = next;
  }
  return done;
}

// `line` is the rest of a line up to an LF, or a part of one.
void DataReader::scan_line(std::string_view line, bool ends_with_lf) {
  line_octets_ += line.size();
  if (line_octets_ > line_limit_) found(Defect::long_line);
  const bool after_cr = at_ == At::cr;
  if (after_cr && line != "\n") found(Defect::bare_line_end);
  const std::string_view text = line.substr(0, line.size() - (ends_with_lf ? 1 : 0));
  const std::size_t cr = text.find('\r');
  const bool cr_last = text.ends_with('\r');
  if (cr < text.size() - (cr_last ? 1 : 0)) found(Defect::bare_line_end);
  if (!ends_with_lf) {
    at_ = cr_last ? At::cr : At::text;
  } else if (cr_last || (after_cr && text.empty())) {
    at_ = At::line_start;
    line_octets_ = 0;
  } else {
    found(Defect::bare_line_end);
    at_ = At::text;
  }
}

void DataReader::found(Defect defect) noexcept { defect_ = std::max(defect_, defect); }

}  // namespace postrider::smtp
