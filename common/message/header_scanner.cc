#include "common/message/header_scanner.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

// ftext of RFC 5322 section 3.6.8: printable US-ASCII without the colon.
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127; });
}

}  // namespace

void HeaderScanner::feed(std::string_view bytes) {
  while (!bytes.empty() && !done_) {
    const std::size_t line_feed = bytes.find('\n');
    const bool line_ends = line_feed != std::string_view::npos;
    const std::string_view text = bytes.substr(0, line_feed);
    keep(text);
    bytes.remove_prefix(text.size() + (line_ends ? 1 : 0));
    octets_ += text.size() + (line_ends ? 1 : 0);
    line_octets_ += text.size();
    if (!text.empty()) ends_in_cr_ = text.back() == '\r';
    if (line_ends) end_line();
  }
}

void HeaderScanner::finish() {
  if (done_) return;
  report();
  done_ = true;
}

void HeaderScanner::keep(std::string_view text) {
  const std::size_t first = text.find_first_not_of('\r');
  if (line_is_empty_ && first == std::string_view::npos) return;
  if (line_is_empty_) {
    text.remove_prefix(first);
    begin_line(text.front());
  }
  const std::size_t room = kMaxFieldOctets - std::min(field_.size(), kMaxFieldOctets);
  cut_ = cut_ || text.size() > room;
  field_.append(text.substr(0, room));
}

void HeaderScanner::begin_line(char first) {
  line_is_empty_ = false;
  if (!is_wsp(first)) report();
}

void HeaderScanner::end_line() {
  if (line_is_empty_) return finish();
  // Of a field that is cut the CR was not kept.
  if (ends_in_cr_ && field_.ends_with('\r')) field_.pop_back();
  longest_line_ = std::max(longest_line_, line_octets_ - (ends_in_cr_ ? 1 : 0));
  line_octets_ = 0;
  line_is_empty_ = true;
  ends_in_cr_ = false;
}

// Also accepts the obsolete white space before the colon (RFC 5322 section 4.5).
void HeaderScanner::report() {
  if (field_.empty()) return;
  const std::string_view field = field_;
  const std::size_t colon = std::min(field.find(':'), field.size());
  const std::string_view name = trim(field.substr(0, colon));
  if (colon < field.size() && is_field_name(name) && !is_wsp(field.front())) {
    on_field_(name, trim(field.substr(colon + 1)));
  } else {
    ++misfits_;
  }
  field_.clear();
  cut_ = false;
}

}  // namespace postrider::message
