#include "common/message/encoded_words.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/utf8.h"

namespace postrider::message {

namespace {

constexpr std::size_t kMaxWord = 75;  // RFC 2047 section 2
constexpr std::string_view kBegin = "=?UTF-8?";
constexpr std::string_view kEnd = "?=";
// Characters of the encoded text: without the frame and "Q?".
constexpr std::size_t kMaxText = kMaxWord - kBegin.size() - 2 - kEnd.size();
constexpr std::size_t kMaxLine = 78;  // RFC 5322 section 2.1.1
// Characters of a value in one extended parameter, so that its line is short enough with most
// names.
constexpr std::size_t kMaxSection = 45;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Takes a character off the front; what is none is given as U+FFFD.
std::string_view take_character(std::string_view& text) {
  const std::size_t octets = first_character(text).octets;
  const std::string_view character = octets == 0 ? kReplacement : text.substr(0, octets);
  text.remove_prefix(std::max<std::size_t>(octets, 1));
  return character;
}

// What Q may leave as it is within a phrase: RFC 2047 section 5 (3).
bool is_plain(char c) {
  return is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string as_q(std::string_view character) {
  std::string encoded;
  for (const char c : character) {
    if (c == ' ') {
      encoded += '_';
    } else if (is_plain(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::vector<std::string> q_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  while (!text.empty()) {
    const std::string next = as_q(take_character(text));
    if (word.size() + next.size() > kMaxText) words.push_back(std::exchange(word, {}));
    word += next;
  }
  if (!word.empty()) words.push_back(word);
  for (std::string& q : words) q = fmt::format("{}Q?{}{}", kBegin, q, kEnd);
  return words;
}

std::vector<std::string> b_words(std::string_view text) {
  constexpr std::size_t kOctets = kMaxText / 4 * 3;
  std::vector<std::string> words;
  std::string octets;
  while (!text.empty()) {
    const std::string_view next = take_character(text);
    if (octets.size() + next.size() > kOctets) words.push_back(std::exchange(octets, {}));
    octets += next;
  }
  if (!octets.empty()) words.push_back(octets);
  for (std::string& b : words) b = fmt::format("{}B?{}{}", kBegin, to_base64(b), kEnd);
  return words;
}

// Whether more of it can be read in Q than cannot: RFC 2047 section 4.
bool is_mostly_ascii(std::string_view text) {
  const auto ascii = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_ascii));
  std::size_t beyond = 0;
  while (!text.empty()) beyond += is_all_ascii(take_character(text)) ? 0U : 1U;
  return ascii >= beyond;
}

// attribute-char of RFC 2231 section 7, without what some readers take for the end of a value.
bool is_attribute_char(char c) {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '!' || c == '$' || c == '&' ||
         c == '+';
}

std::string as_percent(std::string_view character) {
  std::string encoded;
  for (const char c : character) {
    if (is_attribute_char(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

std::vector<std::string> encoded_words(std::string_view text) {
  return is_mostly_ascii(text) ? q_words(text) : b_words(text);
}

std::vector<std::string> extended_parameters(std::string_view name, std::string_view text) {
  std::vector<std::string> sections{""};
  while (!text.empty()) {
    const std::string next = as_percent(take_character(text));
    if (sections.back().size() + next.size() > kMaxSection) sections.emplace_back();
    sections.back() += next;
  }
  if (sections.size() == 1) return {fmt::format("{}*=UTF-8''{}", name, sections.front())};
  for (std::size_t i = 0; i < sections.size(); ++i)
    sections[i] = fmt::format("{}*{}*={}{}", name, i, i == 0 ? "UTF-8''" : "", sections[i]);
  return sections;
}

std::string folded_field(std::string_view name, const std::vector<std::string>& tokens) {
  std::string field = fmt::format("{}:", name);
  std::size_t line = field.size();
  for (const std::string& token : tokens) {
    if (line + 1 + token.size() > kMaxLine && line > 1) {
      field += '\n';
      line = 0;
    }
    field += ' ';
    field += token;
    line += 1 + token.size();
  }
  field += '\n';
  return field;
}

}  // namespace postrider::message
