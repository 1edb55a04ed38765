#include "common/message/binary_converter.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/message/content_type.h"
#include "common/message/header_scanner.h"

namespace postrider::message {

namespace {

constexpr std::string_view kEncoding = "Content-Transfer-Encoding";
// RFC 2045 section 6.8: 76 characters a line.
constexpr std::size_t kOctetsPerLine = 57;
constexpr std::string_view kCrlf = "\r\n";

// The longest line that may be a delimiter, with the CRLF before it.
constexpr std::size_t kMaxDelimiter =
    2 + 2 + BinaryConverter::kMaxBoundary + 2 + BinaryConverter::kMaxPadding + 2;

struct Description {
  ContentType content;
  std::string encoding;  // in lower case; empty: not told

  // Its octets are the content's.
  bool encoded() const {
    return !encoding.empty() && encoding != "7bit" && encoding != "8bit" && encoding != "binary";
  }
};

Description describe(std::string_view header) {
  Description description;
  bool has_type = false;
  bool has_encoding = false;
  HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    if (!has_type && equals_ignoring_case(name, "Content-Type")) {
      has_type = true;
      description.content = parse_content_type(value);
    } else if (!has_encoding && equals_ignoring_case(name, kEncoding)) {
      has_encoding = true;
      description.encoding = to_lower(value);
    }
  });
  scanner.feed(header);
  scanner.finish();
  return description;
}

bool is_encoding_field(std::string_view line) {
  return equals_ignoring_case(trim(line.substr(0, line.find(':'))), kEncoding) &&
         !is_wsp(line.front());
}

// `header` with another encoding, where that of its field was.
std::string with_encoding(std::string_view header, std::string_view encoding) {
  std::string changed;
  bool dropping = false;
  bool told = false;
  while (!header.empty()) {
    const std::string_view line = header.substr(0, header.find('\n') + 1);
    header.remove_prefix(line.size());
    dropping = is_wsp(line.front()) ? dropping : is_encoding_field(line);
    if (!dropping) changed += line;
    if (dropping && !std::exchange(told, true))
      changed += fmt::format("{}: {}\r\n", kEncoding, encoding);
  }
  return changed;
}

}  // namespace

std::string_view BinaryConverter::feed(std::string_view octets) {
  out_.clear();
  while (!octets.empty() && defect_ == Defect::none) {
    if (in_ == In::header) {
      take_header(octets);
    } else {
      take_body(octets);
    }
  }
  return out_;
}

std::string_view BinaryConverter::finish() {
  out_.clear();
  finished_ = true;
  if (in_ == In::header) {
    out_ = header_;
    return out_;
  }
  // The last delimiter may go without its line's end.
  if (match(held_ + std::string(kCrlf)).kind != Match::Kind::delimiter) {
    emit(held_);
    held_.clear();
  }
  const bool encoded = in_ == In::octets;
  end_encoding();
  if (encoded && held_.empty()) out_ += kCrlf;
  out_ += held_;
  return out_;
}

// ---- Headers ----

void BinaryConverter::take_header(std::string_view& octets) {
  const std::size_t line_feed = octets.find('\n');
  const bool line_ends = line_feed != std::string_view::npos;
  const std::string_view text = octets.substr(0, line_ends ? line_feed + 1 : line_feed);
  octets.remove_prefix(text.size());
  header_ += text;
  if (header_.size() > kMaxHeader) defect_ = Defect::long_header;
  if (!line_ends || defect_ != Defect::none) return;
  const std::string line = header_.substr(line_);
  line_ = header_.size();
  if (line == kCrlf || line == "\n") return end_header();
  at_line_start_ = true;
  const Match delimiter = match(line);
  if (delimiter.kind != Match::Kind::delimiter) return;
  // The part has no body, and so nothing to encode.
  out_.append(header_, 0, header_.size() - line.size());
  held_ = line;
  end_part(delimiter);
}

void BinaryConverter::end_header() {
  const Description part = describe(header_);
  const bool binary = part.encoding == "binary";
  const bool holds_message = part.content.is_message() && !part.encoded();
  const bool holds_parts = part.content.is_multipart() || holds_message;
  out_ += !binary ? header_ : with_encoding(header_, holds_parts ? "8bit" : "base64");
  header_.clear();
  line_ = 0;
  if (holds_message) return;  // whose header comes next
  if (part.content.is_multipart() && !part.content.boundary.empty()) {
    if (boundaries_.size() == kMaxDepth) defect_ = Defect::too_deep;
    if (part.content.boundary.size() > kMaxBoundary) defect_ = Defect::long_boundary;
    boundaries_.push_back("--" + part.content.boundary);
  }
  begin_body(binary && !holds_parts ? In::octets : In::lines);
}

// ---- Bodies ----

void BinaryConverter::begin_body(In in) {
  in_ = in;
  at_line_start_ = true;
}

void BinaryConverter::take_body(std::string_view& octets) {
  if (held_.empty() && !at_line_start_) {
    const std::string_view text = octets.substr(0, octets.find('\r'));
    emit(text);
    octets.remove_prefix(text.size());
    if (octets.empty()) return;
  }
  held_ += octets.front();
  octets.remove_prefix(1);
  const Match found = match(held_);
  if (found.kind == Match::Kind::delimiter) return end_part(found);
  if (found.kind == Match::Kind::none) let_go();
}

// What is held is no delimiter, but a CR in it may begin one.
void BinaryConverter::let_go() {
  do {
    const std::size_t next = std::min(held_.find('\r', 1), held_.size());
    emit(std::string_view(held_).substr(0, next));
    held_.erase(0, next);
    at_line_start_ = false;
  } while (!held_.empty() && match(held_).kind == Match::Kind::none);
}

// A line that begins as a delimiter does is held until it ends, and looked at once.
BinaryConverter::Match BinaryConverter::match(std::string_view held) const {
  const Match possible{Match::Kind::possible};
  if (held.size() > kMaxDelimiter) return {};
  if (held.starts_with('\r')) {
    if (held.size() == 1) return possible;
    if (held[1] != '\n') return {};
    held.remove_prefix(kCrlf.size());
  } else if (!at_line_start_) {
    return {};
  }
  if (boundaries_.empty() || !held.starts_with(std::string_view("--").substr(0, held.size())))
    return {};
  return held.ends_with('\n') ? match_delimiter(held) : possible;
}

// "--", the boundary, "--" where it closes the multipart, white space, CRLF.
BinaryConverter::Match BinaryConverter::match_delimiter(std::string_view line) const {
  for (std::size_t i = boundaries_.size(); i-- > 0;) {
    if (!line.starts_with(boundaries_[i])) continue;
    std::string_view rest = line.substr(boundaries_[i].size());
    const bool closes = rest.starts_with("--");
    if (closes) rest.remove_prefix(2);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (rest == kCrlf) return {Match::Kind::delimiter, i, closes};
  }
  return {};
}

// The CRLF before a delimiter is a part of it.
void BinaryConverter::end_part(const Match& delimiter) {
  end_encoding();
  out_ += held_;
  held_.clear();
  header_.clear();
  line_ = 0;
  boundaries_.resize(delimiter.multipart + (delimiter.closes ? 0 : 1));
  if (delimiter.closes) {
    begin_body(In::lines);
  } else {
    in_ = In::header;
  }
}

// ---- The way out ----

void BinaryConverter::emit(std::string_view octets) {
  if (in_ != In::octets) {
    out_ += octets;
    return;
  }
  while (unencoded_.size() + octets.size() > kOctetsPerLine) {
    const std::size_t missing = kOctetsPerLine - unencoded_.size();
    unencoded_ += octets.substr(0, missing);
    octets.remove_prefix(missing);
    out_ += to_base64(unencoded_);
    out_ += kCrlf;
    unencoded_.clear();
  }
  unencoded_ += octets;
}

void BinaryConverter::end_encoding() {
  out_ += to_base64(unencoded_);
  unencoded_.clear();
}

}  // namespace postrider::message
