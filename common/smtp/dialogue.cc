#include "common/smtp/dialogue.h"

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::smtp {

namespace {

constexpr std::string_view kHidden = "*";

// "AUTH PLAIN *": what follows the mechanism is the login.
std::string without_login(std::string_view auth) {
  const std::size_t mechanism = auth.find(' ');
  const std::size_t initial =
      mechanism == std::string_view::npos ? mechanism : auth.find(' ', mechanism + 1);
  if (initial == std::string_view::npos) return std::string(auth);
  return fmt::format("{} {}", auth.substr(0, initial), kHidden);
}

// RFC 5321 section 4.2: a hyphen behind the code, and the reply goes on.
bool is_last_line(std::string_view line) { return line.size() < 4 || line[3] != '-'; }

}  // namespace

void Dialogue::begin(std::chrono::microseconds now) {
  *this = Dialogue();
  began_ = last_ = now;
}

void Dialogue::on_sent(std::string_view commands, std::chrono::microseconds now) {
  while (!commands.empty()) {
    const std::size_t end = commands.find("\r\n");
    const std::string_view line = commands.substr(0, end);
    if (secret_) {
      add('>', kHidden, now);
    } else if (starts_with_ignoring_case(line, "AUTH ")) {
      secret_ = true;
      add('>', without_login(line), now);
    } else {
      add('>', line, now);
    }
    if (end == std::string_view::npos) return;
    commands.remove_prefix(end + 2);
  }
}

void Dialogue::on_received(std::string_view octets, std::chrono::microseconds now) {
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    const std::string_view part = octets.substr(0, end);
    if (reply_.size() <= kMaxLine) reply_ += part.substr(0, kMaxLine + 2 - reply_.size());
    if (end == std::string_view::npos) return;
    end_reply_line(now);
    octets.remove_prefix(end + 1);
  }
}

void Dialogue::end_reply_line(std::chrono::microseconds now) {
  if (reply_.ends_with('\r')) reply_.pop_back();
  const bool challenge = reply_.starts_with("334");
  if (secret_ && challenge) {
    add('<', fmt::format("334 {}", kHidden), now);
  } else {
    add('<', reply_, now);
  }
  if (!challenge && is_last_line(reply_)) secret_ = false;
  reply_.clear();
}

void Dialogue::on_event(std::string_view what, std::chrono::microseconds now) {
  add('*', what, now);
}

void Dialogue::add(char direction, std::string_view line, std::chrono::microseconds now) {
  last_ = now;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now - began_).count();
  std::string added = fmt::format("{} {} {}{}", ms, direction, line.substr(0, kMaxLine),
                                  line.size() > kMaxLine ? "..." : "");
  if (left_out_ > 0 || text_.size() + added.size() >= kMaxOctets) {
    ++left_out_;
    if (direction == '<' || last_line_.empty()) last_line_ = std::move(added);
    return;
  }
  if (!text_.empty()) text_ += '\n';
  text_ += added;
}

std::string Dialogue::text() const {
  if (left_out_ <= 1) return last_line_.empty() ? text_ : fmt::format("{}\n{}", text_, last_line_);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(took()).count();
  return fmt::format("{}\n{} * {} lines are left out\n{}", text_, ms, left_out_ - 1, last_line_);
}

}  // namespace postrider::smtp
