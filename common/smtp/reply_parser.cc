#include "common/smtp/reply_parser.h"

#include <algorithm>
#include <utility>

#include "common/base/ascii.h"

namespace postrider::smtp {

namespace {

// Takes 1 to 3 digits from the front of `text`; 0: there are none, or more.
std::size_t count_digits(std::string_view text) noexcept {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  return digits <= 3 ? digits : 0;
}

}  // namespace

// status-code = class "." subject "." detail; class = "2" / "4" / "5" (RFC 3463 section 2)
std::string_view enhanced_status(int code, std::string_view text) noexcept {
  if (text.size() < 2 || text[0] - '0' != code / 100 || text[1] != '.') return {};
  if (code / 100 == 3) return {};
  const std::size_t subject = count_digits(text.substr(2));
  const std::size_t dot = 2 + subject;
  if (subject == 0 || dot >= text.size() || text[dot] != '.') return {};
  const std::size_t detail = count_digits(text.substr(dot + 1));
  const std::size_t end = dot + 1 + detail;
  if (detail == 0 || (end < text.size() && text[end] != ' ')) return {};
  return text.substr(0, end);
}

ReplyParser::Status ReplyParser::parse(std::string_view& input) {
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const bool ended = end != std::string_view::npos;
    const std::size_t taken = ended ? end + 1 : input.size();
    octets_ += taken;
    if (line_.size() + taken > kMaxLine || octets_ > kMaxOctets) return Status::malformed;
    line_.append(input.substr(0, end));
    input.remove_prefix(taken);
    if (!ended) break;
    // Deviation: RFC 5321 section 2.3.8 wants CRLF; a reply that ends in LF alone is understood,
    // since refusing it would only delay the mail.
    if (line_.ends_with('\r')) line_.pop_back();
    const Line line = add_line(line_);
    line_.clear();
    if (line == Line::malformed) return Status::malformed;
    if (line == Line::last) return Status::complete;
  }
  return Status::incomplete;
}

Reply ReplyParser::take() {
  octets_ = 0;
  lines_ = 0;
  return std::exchange(reply_, {});
}

// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
// Reply-code = %x32-35 %x30-35 %x30-39
ReplyParser::Line ReplyParser::add_line(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
    return Line::malformed;
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (separator != ' ' && separator != '-') return Line::malformed;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (++lines_ > kMaxLines || (lines_ > 1 && code != reply_.code)) return Line::malformed;

  std::string_view text = line.substr(std::min<std::size_t>(4, line.size()));
  const std::string_view status = enhanced_status(code, text);
  if (lines_ == 1) {
    reply_.code = code;
    reply_.status = status;
  } else {
    reply_.text += '\n';
  }
  if (!status.empty() && status == reply_.status)
    text.remove_prefix(std::min(status.size() + 1, text.size()));
  reply_.text += text;
  return separator == '-' ? Line::more : Line::last;
}

}  // namespace postrider::smtp
