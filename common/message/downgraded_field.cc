#include "common/message/downgraded_field.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "common/message/downgraded_addresses.h"
#include "common/message/encoded_words.h"

namespace postrider::message {

namespace {

enum class Kind { text, addresses, parameters, encapsulated, received, left_out };

struct Row {
  std::string_view name;
  Kind kind;
};
constexpr std::array kRows{
    Row{"From", Kind::addresses},
    Row{"Sender", Kind::addresses},
    Row{"To", Kind::addresses},
    Row{"Cc", Kind::addresses},
    Row{"Bcc", Kind::addresses},
    Row{"Reply-To", Kind::addresses},
    Row{"Resent-From", Kind::addresses},
    Row{"Resent-Sender", Kind::addresses},
    Row{"Resent-To", Kind::addresses},
    Row{"Resent-Cc", Kind::addresses},
    Row{"Resent-Bcc", Kind::addresses},
    Row{"Resent-Reply-To", Kind::addresses},
    Row{"Disposition-Notification-To", Kind::addresses},
    Row{"Content-Type", Kind::parameters},
    Row{"Content-Disposition", Kind::parameters},
    Row{"Message-ID", Kind::encapsulated},
    Row{"Resent-Message-ID", Kind::encapsulated},
    Row{"In-Reply-To", Kind::encapsulated},
    Row{"References", Kind::encapsulated},
    Row{"Original-Recipient", Kind::encapsulated},
    Row{"Final-Recipient", Kind::encapsulated},
    Row{"Received", Kind::received},
    Row{"Return-Path", Kind::left_out},
    Row{"DKIM-Signature", Kind::left_out},
    Row{"ARC-Seal", Kind::left_out},
    Row{"ARC-Message-Signature", Kind::left_out},
    Row{"ARC-Authentication-Results", Kind::left_out},
};

Kind kind_of(std::string_view name) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& candidate) {
    return equals_ignoring_case(candidate.name, name);
  });
  return row == kRows.end() ? Kind::text : row->kind;
}

std::string unfolded(std::string_view value) {
  std::string line(value);
  line.erase(
      std::remove_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }),
      line.end());
  return std::string(trim(line));
}

// Words in ASCII at either end stay readable; between them all is encoded, spaces too.
std::vector<std::string> text_tokens(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto is_beyond = [](const std::string& word) { return !is_all_ascii(word); };
  const auto first = std::find_if(words.begin(), words.end(), is_beyond);
  const auto last = std::find_if(words.rbegin(), words.rend(), is_beyond).base();
  std::string middle;
  for (auto word = first; word < last; ++word)
    middle += fmt::format("{}{}", word == first ? "" : " ", *word);
  std::vector<std::string> tokens(words.begin(), first);
  for (std::string& word : encoded_words(middle)) tokens.push_back(std::move(word));
  tokens.insert(tokens.end(), last, words.end());
  return tokens;
}

// Takes a parameter with its semicolon off the front; a quoted string may hold semicolons.
std::string_view take_parameter(std::string_view& value) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < value.size() && (quoted || value[end] != ';'); ++end) {
    if (value[end] == '"') quoted = !quoted;
    if (value[end] == '\\' && quoted && end + 1 < value.size()) ++end;
  }
  const std::string_view parameter = trim(value.substr(0, end));
  value.remove_prefix(std::min(end + 1, value.size()));
  return parameter;
}

// RFC 6857 section 3.1.4 (MIME-VALUE). What is beyond ASCII and no parameter goes.
std::vector<std::string> parameter_tokens(std::string_view value) {
  std::vector<std::string> parameters;
  while (!value.empty()) {
    const std::string_view parameter = take_parameter(value);
    const std::size_t equals = parameter.find('=');
    if (is_all_ascii(parameter)) {
      if (!parameter.empty()) parameters.emplace_back(parameter);
    } else if (equals != std::string_view::npos && is_all_ascii(parameter.substr(0, equals))) {
      const std::string text = unquoted(trim(parameter.substr(equals + 1)));
      for (std::string& extended : extended_parameters(trim(parameter.substr(0, equals)), text))
        parameters.push_back(std::move(extended));
    }
  }
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) parameters[i] += ';';
  return parameters;
}

// `value` without the words that begin with `keyword` and its argument.
std::string without_clause(std::string_view value, std::string_view keyword) {
  std::string kept;
  bool is_argument = false;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of(" \t"), value.size());
    const std::string_view word = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    if (word.empty()) continue;
    if (std::exchange(is_argument, equals_ignoring_case(word, keyword))) {
      // The semicolon before the date belongs to no clause.
      if (word.ends_with(';')) kept += ';';
      is_argument = false;
    } else if (!is_argument) {
      kept += fmt::format("{}{}", kept.empty() ? "" : " ", word);
    }
  }
  return kept;
}

// RFC 6857 section 3.2.5.
std::string downgraded_received(std::string_view name, std::string value) {
  for (const std::string_view keyword : {"for", "id"})
    if (!is_all_ascii(value)) value = without_clause(value, keyword);
  if (!is_all_ascii(value)) return {};
  std::vector<std::string> words;
  for (std::string_view rest = value; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return folded_field(name, words);
}

}  // namespace

std::string downgraded_field(std::string_view field, ToALabels to_a_labels) {
  if (is_all_ascii(field) || !is_utf8(field)) return std::string(field);
  const std::size_t colon = field.find(':');
  const std::string_view name = trim(field.substr(0, colon));
  // No field at all, or a name that nobody could read.
  if (colon == std::string_view::npos || !is_all_ascii(name)) return {};
  std::string value = unfolded(field.substr(colon + 1));
  switch (kind_of(name)) {
    case Kind::text: return folded_field(name, text_tokens(value));
    case Kind::addresses: return folded_field(name, address_tokens(value, to_a_labels));
    case Kind::parameters: return folded_field(name, parameter_tokens(value));
    case Kind::encapsulated:
      return folded_field(fmt::format("Downgraded-{}", name), encoded_words(value));
    case Kind::received: return downgraded_received(name, std::move(value));
    case Kind::left_out: return {};
  }
  return {};
}

}  // namespace postrider::message
