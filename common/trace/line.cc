#include "common/trace/line.h"

#include <algorithm>
#include <array>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"

namespace postrider::trace {

namespace {

// "2026-11-21T20:38:18.000005Z"
constexpr std::size_t kWholeSeconds = 19;
constexpr std::size_t kTimeLength = 27;

struct Pair {
  std::string_view key;
  std::string_view value;  // as it stands there, without quotes
  bool quoted = false;
};

bool is_key_character(char c) noexcept { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; }

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Octets of the escape that `text` begins with; 0: it is none.
std::size_t escape_length(std::string_view text) noexcept {
  if (text.size() < 2 || text[0] != '\\') return 0;
  if (text[1] == '"' || text[1] == '\\') return 2;
  const bool is_octet = text.size() >= 6 && text.substr(1, 3) == "u00" && hex_value(text[4]) >= 0 &&
                        hex_value(text[5]) >= 0;
  return is_octet ? 6 : 0;
}

// Takes one pair after another from the front of a text.
class Pairs {
 public:
  enum class Form : std::uint8_t { logfmt, json };

  Pairs(std::string_view text, Form form) noexcept : text_(text), form_(form) {}

  // False: there is none, or it is not well-formed.
  bool take(Pair& pair) noexcept {
    const bool json = form_ == Form::json;
    if (json && !skip('"')) return false;
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), is_key_character);
    pair.key = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    if (pair.key.empty() || pair.key.size() > kMaxKey) return false;
    text_.remove_prefix(pair.key.size());
    if (json && !skip('"')) return false;
    if (!skip(json ? ':' : '=')) return false;
    pair.quoted = skip('"');
    return pair.quoted ? take_quoted(pair.value) : take_plain(pair.value);
  }

  // What stands between two pairs.
  bool skip_separator() noexcept { return skip(form_ == Form::json ? ',' : ' '); }
  // All was taken.
  bool at_end() const noexcept { return form_ == Form::json ? text_ == "}" : text_.empty(); }
  std::string_view rest() const noexcept { return text_; }

 private:
  bool skip(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool take_quoted(std::string_view& value) noexcept {
    std::size_t at = 0;
    while (at < text_.size() && text_[at] != '"') {
      if (is_control(text_[at]) || !is_ascii(text_[at])) return false;
      const std::size_t escape = escape_length(text_.substr(at));
      if (text_[at] == '\\' && escape == 0) return false;
      at += std::max<std::size_t>(escape, 1);
    }
    if (at >= text_.size()) return false;
    value = text_.substr(0, at);
    text_.remove_prefix(at + 1);
    return true;
  }

  bool take_plain(std::string_view& value) noexcept {
    const std::string_view ends = form_ == Form::json ? " \"=\\,}" : " \"=\\";
    std::size_t at = 0;
    while (at < text_.size() && ends.find(text_[at]) == std::string_view::npos) {
      if (is_control(text_[at]) || !is_ascii(text_[at])) return false;
      ++at;
    }
    value = text_.substr(0, at);
    text_.remove_prefix(at);
    return at > 0;
  }

  std::string_view text_;
  Form form_;
};

std::optional<WallTime> parse_time(std::string_view text) {
  if (text.size() != kTimeLength || text[kWholeSeconds] != '.' || text.back() != 'Z')
    return std::nullopt;
  std::int64_t microseconds = 0;
  for (const char c : text.substr(kWholeSeconds + 1, kTimeLength - kWholeSeconds - 2)) {
    if (!is_digit(c)) return std::nullopt;
    microseconds = microseconds * 10 + (c - '0');
  }
  const auto whole = parse_timestamp(text);
  if (!whole) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*whole) + std::chrono::microseconds(microseconds);
}

std::string unescaped(const Pair& pair) {
  std::string value;
  value.reserve(pair.value.size());
  for (std::size_t at = 0; at < pair.value.size();) {
    const std::size_t escape = pair.quoted ? escape_length(pair.value.substr(at)) : 0;
    if (escape == 0) {
      value += pair.value[at++];
      continue;
    }
    value +=
        escape == 2
            ? pair.value[at + 1]
            : static_cast<char>(hex_value(pair.value[at + 4]) * 16 + hex_value(pair.value[at + 5]));
    at += escape;
  }
  return value;
}

}  // namespace

std::optional<Line> parse_line(std::string_view text) {
  constexpr std::array<std::string_view, 4> kFirst{"time", "level", "process", "event"};
  if (text.size() > kMaxLine) return std::nullopt;
  const bool json = text.starts_with('{');
  Pairs pairs(text.substr(json ? 1 : 0), json ? Pairs::Form::json : Pairs::Form::logfmt);
  std::array<Pair, kFirst.size()> first;
  for (std::size_t i = 0; i < kFirst.size(); ++i) {
    if (i > 0 && !pairs.skip_separator()) return std::nullopt;
    const bool right = pairs.take(first[i]) && first[i].key == kFirst[i];
    // None of ours is empty, or needs an escape.
    if (!right || first[i].value.empty() || first[i].value.find('\\') != std::string_view::npos)
      return std::nullopt;
  }
  const auto time = parse_time(first[0].value);
  if (!time) return std::nullopt;
  return Line{*time, first[1].value, first[2].value, first[3].value, pairs.rest()};
}

std::optional<Values> parse_values(std::string_view rest) {
  const bool json = rest.starts_with(',') || rest.starts_with('}');
  Pairs pairs(rest, json ? Pairs::Form::json : Pairs::Form::logfmt);
  Values values;
  while (!pairs.at_end()) {
    Pair pair;
    if (values.size() == kMaxPairs || !pairs.skip_separator() || !pairs.take(pair))
      return std::nullopt;
    values.emplace_back(pair.key, unescaped(pair));
  }
  return values;
}

std::optional<Event> parse_event(std::string_view text) {
  const auto line = parse_line(text);
  if (!line) return std::nullopt;
  auto values = parse_values(line->rest);
  if (!values) return std::nullopt;
  return Event{line->time, std::string(line->process), std::string(line->event),
               std::move(*values)};
}

}  // namespace postrider::trace
