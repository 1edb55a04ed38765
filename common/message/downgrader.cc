#include "common/message/downgrader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

constexpr std::string_view kContentType = "Content-Type";

struct Renamed {
  std::string_view global, before;
};
constexpr std::array kRenamed{
    Renamed{"message/global", "message/rfc822"},
    Renamed{"message/global-headers", "text/rfc822-headers"},
};

std::string_view name_of(std::string_view field) { return trim(field.substr(0, field.find(':'))); }

// Where the first line of `text` ends: after its LF, or at its end.
std::size_t line_end(std::string_view text) {
  const std::size_t feed = text.find('\n');
  return feed == std::string_view::npos ? text.size() : feed + 1;
}

void give_out(std::string& held, std::string& out) {
  out += held;
  held.clear();
}

// A Content-Type with the type that readers of old know.
std::string with_known_type(std::string field, std::string_view type) {
  const auto* const row = std::find_if(kRenamed.begin(), kRenamed.end(),
                                       [&](const Renamed& known) { return known.global == type; });
  if (row == kRenamed.end()) return field;
  const std::size_t at = to_lower(field).find(row->global);
  if (at != std::string::npos) field.replace(at, row->global.size(), row->before);
  return field;
}

}  // namespace

void Downgrader::append(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (in_ == In::header) {
      take_header(text, out);
    } else {
      take_body(text, out);
    }
  }
}

void Downgrader::finish(std::string& out) {
  if (in_ == In::header) end_field(out);
  give_out(line_, out);
}

// ---- Headers ----

// A field goes on until a line begins that is no continuation of it.
void Downgrader::take_header(std::string_view& text, std::string& out) {
  if (line_begins_) {
    if (!is_wsp(text.front())) end_field(out);
    line_begins_ = false;
  }
  const std::string_view part = text.substr(0, line_end(text));
  text.remove_prefix(part.size());
  line_begins_ = part.ends_with('\n');
  if (passing_) {
    out += part;
    return;
  }
  field_ += part;
  if (field_.size() > kMaxField) {
    passing_ = true;
    give_out(field_, out);
    return;
  }
  if (!line_begins_) return;
  if (field_ == "\n" || field_ == "\r\n") {
    give_out(field_, out);
    end_header();
  } else if (field_.starts_with("--") && take_delimiter(field_)) {
    // A part without a body.
    give_out(field_, out);
  }
}

void Downgrader::end_field(std::string& out) {
  passing_ = false;
  if (field_.empty()) return;
  const std::string field = std::exchange(field_, {});
  std::string downgraded = downgraded_field(field, to_a_labels_);
  if (equals_ignoring_case(name_of(field), kContentType)) {
    content_ = parse_content_type(trim(std::string_view(field).substr(field.find(':') + 1)));
    downgraded = with_known_type(std::move(downgraded), content_.type);
  }
  changed_ |= downgraded != field;
  out += downgraded;
}

void Downgrader::end_header() {
  const ContentType content = std::exchange(content_, {});
  if (content.is_message()) return;  // whose header comes next
  if (content.is_multipart() && !content.boundary.empty() &&
      content.boundary.size() <= kMaxBoundary && boundaries_.size() < kMaxDepth)
    boundaries_.push_back("--" + content.boundary);
  in_ = In::body;
}

// ---- Bodies ----

void Downgrader::take_body(std::string_view& text, std::string& out) {
  // Nothing is to come but bodies.
  if (boundaries_.empty() && line_.empty()) {
    out += text;
    text = {};
    return;
  }
  const std::string_view part = text.substr(0, line_end(text));
  text.remove_prefix(part.size());
  const bool begins = std::exchange(line_begins_, part.ends_with('\n'));
  if (line_.empty() && (!begins || !may_be_delimiter(part))) {
    out += part;
    return;
  }
  line_ += part;
  if (!line_begins_ && line_.size() <= kMaxDelimiter && may_be_delimiter(line_)) return;
  if (line_begins_) take_delimiter(line_);
  give_out(line_, out);
}

bool Downgrader::may_be_delimiter(std::string_view line) const {
  return line.substr(0, 2) == std::string_view("--").substr(0, line.size());
}

// "--", the boundary, "--" where it closes the multipart, white space, the line's end.
bool Downgrader::take_delimiter(std::string_view line) {
  if (line.size() > kMaxDelimiter) return false;
  for (std::size_t i = boundaries_.size(); i-- > 0;) {
    if (!line.starts_with(boundaries_[i])) continue;
    std::string_view rest = line.substr(boundaries_[i].size());
    const bool closes = rest.starts_with("--");
    if (closes) rest.remove_prefix(2);
    if (!trim(rest).empty()) continue;
    boundaries_.resize(closes ? i : i + 1);
    in_ = closes ? In::body : In::header;
    content_ = {};
    line_begins_ = true;
    return true;
  }
  return false;
}

}  // namespace postrider::message
