#include "common/message/field_filter.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

std::string_view FieldFilter::feed(std::string_view bytes) {
  if (state_ == State::body) return bytes;
  kept_.clear();
  while (!bytes.empty() && state_ != State::body) take_header(bytes);
  kept_.append(bytes);
  return kept_;
}

std::string_view FieldFilter::finish() {
  state_ = State::body;
  return begun_;
}

void FieldFilter::take_header(std::string_view& bytes) {
  if (state_ == State::line_begins) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    return begin_line(c);
  }
  const std::size_t line_feed = bytes.find('\n');
  const bool line_ends = line_feed != std::string_view::npos;
  const std::string_view text = bytes.substr(0, line_ends ? line_feed + 1 : line_feed);
  if (!dropping_) kept_.append(text);
  bytes.remove_prefix(text.size());
  if (line_ends) state_ = State::line_begins;
}

// An octet at a time, until it is known what the line is. A CR before its first octet says nothing.
void FieldFilter::begin_line(char c) {
  if (begun_.ends_with('\n') && !is_wsp(c)) {  // a name alone on its line, and no colon follows
    kept_ += begun_;
    begun_.clear();
    dropping_ = false;
  }
  if (begun_.empty() && c == '\r') {
    kept_ += c;
    return;
  }
  if (begun_.empty() && is_wsp(c)) {  // it goes on with the field before
    if (!dropping_) kept_ += c;
    state_ = State::in_line;
    return;
  }
  begun_ += c;
  if (c != ':' && may_be_unwanted()) return;
  dropping_ = is_unwanted();
  if (!dropping_) kept_ += begun_;
  if (c != '\n') {
    state_ = State::in_line;
  } else if (begun_ == "\n") {
    state_ = State::body;
  }
  begun_.clear();
}

// What has begun is the beginning of a name, or a name and white space, folded or not.
bool FieldFilter::may_be_unwanted() const {
  return std::any_of(names_.begin(), names_.end(), [&](std::string_view name) {
    if (begun_.size() <= name.size())
      return equals_ignoring_case(begun_, name.substr(0, begun_.size()));
    return begun_.size() <= name.size() + kMaxSpace && starts_with_ignoring_case(begun_, name) &&
           begun_.find_first_not_of(kSpace, name.size()) == std::string::npos;
  });
}

bool FieldFilter::is_unwanted() const {
  return std::any_of(names_.begin(), names_.end(), [&](std::string_view name) {
    if (!starts_with_ignoring_case(begun_, name)) return false;
    const std::string_view rest = std::string_view(begun_).substr(name.size());
    const std::size_t space = std::min(rest.find_first_not_of(kSpace), rest.size());
    return rest.substr(space) == ":" || space >= kMaxSpace;
  });
}

}  // namespace postrider::message
