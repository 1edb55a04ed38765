#include "common/maildir/mbox.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace postrider::maildir {

namespace {

constexpr std::string_view kFrom = "From ";
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::string_view take_word(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// A number of one digit to `digits`; -1 for anything else.
int number(std::string_view text, std::size_t digits) noexcept {
  int value = -1;
  if (text.empty() || text.size() > digits || text[0] < '0' || text[0] > '9') return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// hh:mm:ss or hh:mm, in seconds; -1 for anything else.
int time_of_day(std::string_view text) noexcept {
  if (text.size() != 8 && text.size() != 5) return -1;
  const int hour = number(text.substr(0, 2), 2);
  const int minute = number(text.substr(3, 2), 2);
  const int second = text.size() == 8 ? number(text.substr(6, 2), 2) : 0;
  if (text[2] != ':' || (text.size() == 8 && text[5] != ':')) return -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  return hour * 3600 + minute * 60 + second;
}

std::string separator_of(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("From MAILER-DAEMON {} {} {:2} {:02}:{:02}:{:02} {:04}\n",
                     kDays[weekday(day).c_encoding()], kMonths[unsigned{date.month()} - 1],
                     unsigned{date.day()}, clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count(), int{date.year()});
}

}  // namespace

// The date is behind whatever the sender is: the month tells where.
std::optional<std::int64_t> separator_time(std::string_view separator) noexcept {
  using namespace std::chrono;
  while (!separator.empty()) {
    const std::string_view word = take_word(separator);
    const auto* const found = std::find(kMonths.begin(), kMonths.end(), word);
    if (found == kMonths.end()) continue;
    std::string_view rest = separator;
    const int of_month = number(take_word(rest), 2);
    const int of_day = time_of_day(take_word(rest));
    std::string_view in_year = take_word(rest);
    // Some programs write a zone before the year.
    for (int i = 0; i < 2 && number(in_year, 4) < 1000; ++i) in_year = take_word(rest);
    const int of_era = number(in_year, 4);
    if (of_month < 0 || of_day < 0 || of_era < 1000) continue;
    const year_month_day date(year(of_era),
                              month(static_cast<unsigned>(found - kMonths.begin() + 1)),
                              day(static_cast<unsigned>(of_month)));
    if (!date.ok()) continue;
    return sys_seconds(sys_days(date)).time_since_epoch().count() + of_day;
  }
  return std::nullopt;
}

// ---- Writing ----

void MboxWriter::begin_line() noexcept {
  at_start_ = true;
  matched_ = 0;
}

void MboxWriter::begin(std::int64_t seconds, std::string& mbox) {
  mbox += separator_of(seconds);
  begin_line();
  is_ended_ = true;
}

// The ">" that quotes goes behind those that are there: all are the same.
void MboxWriter::append(std::string_view text, std::string& mbox) {
  if (!text.empty()) is_ended_ = text.back() == '\n';
  while (!text.empty()) {
    if (!at_start_) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      mbox += text.substr(0, end);
      if (text[end - 1] == '\n') begin_line();
      text.remove_prefix(end);
      continue;
    }
    const char c = text[0];
    if (c == kFrom[matched_]) {
      text.remove_prefix(1);
      if (++matched_ < kFrom.size()) continue;
      mbox.append(">").append(kFrom);
      at_start_ = false;
    } else if (c == '>' && matched_ == 0) {
      mbox += c;
      text.remove_prefix(1);
    } else {
      mbox += kFrom.substr(0, matched_);
      at_start_ = false;
    }
  }
}

void MboxWriter::finish(std::string& mbox) {
  if (at_start_) mbox += kFrom.substr(0, matched_);
  begin_line();
  mbox += is_ended_ ? "\n" : "\n\n";
  is_ended_ = true;
}

// ---- Reading ----

Result<void> MboxReader::emit(std::string_view text) {
  if (blank_) {
    blank_ = false;
    if (auto given = sink_.on_content("\n"); !given) return given;
  }
  return text.empty() ? Result<void>() : sink_.on_content(text);
}

Result<void> MboxReader::feed(std::string_view text) {
  while (!text.empty()) {
    if (where_ == Where::separator) {
      const std::size_t end = text.find('\n');
      separator_ += text.substr(0, std::min(end, kMaxSeparator + 1));
      if (separator_.size() > kMaxSeparator)
        return fail(ErrorKind::corrupt, "a line \"From \" between two messages is too long");
      if (end == text.npos) return {};
      text.remove_prefix(end + 1);
      if (auto ended = end_separator(); !ended) return ended;
    } else if (where_ == Where::in_line) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      if (auto given = emit(text.substr(0, end)); !given) return given;
      if (text[end - 1] == '\n') where_ = Where::line_start;
      text.remove_prefix(end);
    } else {
      bool taken = true;
      if (auto begun = begin_line(text[0], taken); !begun) return begun;
      if (taken) text.remove_prefix(1);
    }
  }
  return {};
}

// One octet at the beginning of a line. Not `taken`: it is to be given again.
Result<void> MboxReader::begin_line(char c, bool& taken) {
  if (c == kFrom[matched_]) {
    if (++matched_ < kFrom.size()) return {};
    matched_ = 0;
    return on_from();
  }
  if (where_ == Where::before) {
    if (c == '\n' && matched_ == 0) return {};
    return fail(ErrorKind::corrupt, "is no mbox: it does not begin with a line \"From \"");
  }
  if (c == '>' && matched_ == 0) {
    if (quoted_) return emit(">");
    quoted_ = true;
    return {};
  }
  if (c == '\n' && matched_ == 0 && !quoted_) {
    if (auto given = emit({}); !given) return given;
    blank_ = true;
    return {};
  }
  taken = false;
  where_ = Where::in_line;
  return give_up_match();
}

// "From " was read, and perhaps a ">" before it.
Result<void> MboxReader::on_from() {
  const bool separates = where_ == Where::before || (blank_ && !quoted_);
  if (!separates) {
    quoted_ = false;
    where_ = Where::in_line;
    return emit(kFrom);
  }
  const bool has_message = where_ != Where::before;
  where_ = Where::separator;
  separator_.clear();
  blank_ = false;
  return has_message ? sink_.on_end() : Result<void>();
}

Result<void> MboxReader::give_up_match() {
  const std::string held = fmt::format("{}{}", quoted_ ? ">" : "", kFrom.substr(0, matched_));
  quoted_ = false;
  matched_ = 0;
  return emit(held);
}

Result<void> MboxReader::end_separator() {
  where_ = Where::line_start;
  return sink_.on_message(separator_time(separator_));
}

Result<void> MboxReader::finish() {
  if (where_ == Where::before && matched_ == 0) return {};
  if (where_ == Where::before || where_ == Where::separator)
    return fail(ErrorKind::corrupt, "ends within a line \"From \"");
  if (matched_ > 0 || quoted_)
    if (auto given = give_up_match(); !given) return given;
  blank_ = false;
  return sink_.on_end();
}

}  // namespace postrider::maildir
