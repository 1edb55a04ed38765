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

struct Description {
  ContentType content;
  bool binary = false;
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
      description.binary = equals_ignoring_case(value, "binary");
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
  const auto [content, binary] = describe(header_);
  const bool holds_parts = content.is_multipart() || content.is_message();
  out_ += !binary ? header_ : with_encoding(header_, holds_parts ? "8bit" : "base64");
  header_.clear();
  line_ = 0;
  if (content.is_message()) return;  // whose header comes next
  if (content.is_multipart() && !content.boundary.empty()) {
    if (boundaries_.size() == kMaxDepth) defect_ = Defect::too_deep;
    boundaries_.push_back(content.boundary);
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

BinaryConverter::Match BinaryConverter::match(std::string_view held) const {
  Match best;
  if (held.starts_with('\r')) {
    if (held.size() == 1) return {Match::Kind::possible};
    if (held[1] != '\n') return best;
    held.remove_prefix(kCrlf.size());
  } else if (!at_line_start_) {
    return best;
  }
  for (std::size_t i = boundaries_.size(); i-- > 0 && best.kind != Match::Kind::delimiter;) {
    const Match one = match_boundary(i, held);
    if (one.kind != Match::Kind::none) best = one;
  }
  return best;
}

// `line`: "--", the boundary, "--" where it closes the multipart, white space, CRLF.
BinaryConverter::Match BinaryConverter::match_boundary(std::size_t multipart,
                                                       std::string_view line) const {
  const Match possible{Match::Kind::possible, multipart, false};
  const std::string start = "--" + boundaries_[multipart];
  if (line.size() < start.size()) return start.starts_with(line) ? possible : Match{};
  if (!line.starts_with(start)) return {};
  line.remove_prefix(start.size());
  if (line == "-") return possible;
  const bool closes = line.starts_with("--");
  if (closes) line.remove_prefix(2);
  const std::size_t padding = std::min(line.find_first_not_of(" \t"), line.size());
  if (padding > kMaxPadding) return {};
  line.remove_prefix(padding);
  if (line == kCrlf) return {Match::Kind::delimiter, multipart, closes};
  return line.empty() || line == "\r" ? possible : Match{};
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
