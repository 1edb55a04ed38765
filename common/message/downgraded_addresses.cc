#include "common/message/downgraded_addresses.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/encoded_words.h"

namespace postrider::message {

namespace {

using Tokens = std::vector<std::string>;

void append(Tokens& to, Tokens more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

// Where a quoted string, a comment or an angle-addr that begins at `at` ends; the place after any
// other octet.
std::size_t end_of(std::string_view text, std::size_t at) {
  const char begins = text[at];
  const char ends = begins == '(' ? ')' : begins == '<' ? '>' : begins;
  if (begins != '"' && begins != '(' && begins != '<') return at + 1;
  int depth = 1;
  for (++at; at < text.size() && depth > 0; ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == ends) {
      --depth;
    } else if (begins == '(' && text[at] == '(') {
      ++depth;
    }
  }
  return std::min(at, text.size());
}

// The first of `wanted` that stands in no quoted string, comment or angle-addr.
std::size_t find_outside(std::string_view text, std::string_view wanted) {
  for (std::size_t at = 0; at < text.size(); at = end_of(text, at))
    if (wanted.find(text[at]) != std::string_view::npos) return at;
  return text.size();
}

// A mailbox taken apart: "words <address> (comment)", or the address alone.
struct Parts {
  std::string phrase;    // without quotes and comments
  std::string address;   // local-part@domain, without white space around
  std::string comments;  // their text
  bool angle = false;
};

Parts take_apart(std::string_view text) {
  Parts parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of(text, at);
    const std::string_view piece = text.substr(at, end - at);
    at = end;
    if (piece.front() == '(') {
      const std::string_view inner = piece.substr(1, piece.size() - (piece.ends_with(')') ? 2 : 1));
      parts.comments += fmt::format("{}{}", parts.comments.empty() ? "" : " ", inner);
    } else if (piece.front() == '<') {
      parts.angle = true;
      parts.address = trim(piece.substr(1, piece.size() - (piece.ends_with('>') ? 2 : 1)));
    } else {
      parts.phrase += piece;
    }
  }
  parts.phrase = trim(parts.phrase);
  if (!parts.angle) parts.address = std::exchange(parts.phrase, {});
  return parts;
}

// The words of a phrase, each quoted string without its quotes.
std::string plain(std::string_view phrase) {
  std::string text;
  for (std::size_t at = 0; at < phrase.size();) {
    const std::size_t end = end_of(phrase, at);
    text += unquoted(phrase.substr(at, end - at));
    at = end;
  }
  return text;
}

Tokens phrase_tokens(const std::string& phrase) {
  if (phrase.empty()) return {};
  if (is_all_ascii(phrase)) return {phrase};
  return encoded_words(plain(phrase));
}

// RFC 6857 section 3.1.3.
Tokens comment_tokens(const std::string& comments) {
  if (comments.empty()) return {};
  if (is_all_ascii(comments)) return {fmt::format("({})", comments)};
  Tokens words = encoded_words(comments);
  words.front().insert(0, "(");
  words.back() += ')';
  return words;
}

// The address in ASCII, if it can be written so (section 3.1.6).
std::optional<std::string> ascii_address(const std::string& address, ToALabels to_a_labels) {
  const std::size_t at = address.rfind('@');
  if (at == std::string::npos || !is_all_ascii(std::string_view(address).substr(0, at)))
    return std::nullopt;
  const auto labels = to_a_labels(trim(std::string_view(address).substr(at + 1)));
  if (!labels) return std::nullopt;
  return fmt::format("{}@{}", address.substr(0, at), *labels);
}

// Section 3.1.8.
Tokens mailbox_tokens(std::string_view text, ToALabels to_a_labels) {
  if (is_all_ascii(text)) return {std::string(text)};
  Parts parts = take_apart(text);
  Tokens tokens = phrase_tokens(parts.phrase);
  const auto address = is_all_ascii(parts.address) ? std::optional(parts.address)
                                                   : ascii_address(parts.address, to_a_labels);
  if (address) {
    tokens.push_back(parts.angle ? fmt::format("<{}>", *address) : *address);
  } else {
    append(tokens, encoded_words(parts.address));
    tokens.emplace_back(":;");
  }
  append(tokens, comment_tokens(parts.comments));
  return tokens;
}

bool is_empty(const Tokens& address) {
  return address.empty() || (address.size() == 1 && address.front().empty());
}

// Adds an address to a list.
void add(Tokens& list, Tokens address) {
  if (is_empty(address)) return;
  if (!list.empty()) list.back() += ',';
  append(list, std::move(address));
}

// A list of mailboxes, in which a colon begins nothing.
Tokens member_tokens(std::string_view members, ToALabels to_a_labels) {
  Tokens tokens;
  while (!members.empty()) {
    const std::size_t end = find_outside(members, ",");
    add(tokens, mailbox_tokens(trim(members.substr(0, end)), to_a_labels));
    members.remove_prefix(std::min(end + 1, members.size()));
  }
  return tokens;
}

// Section 3.1.7: groups hold no groups, so that one with such a member becomes empty.
Tokens group_tokens(std::string_view name, std::string_view members, ToALabels to_a_labels) {
  Tokens tokens = phrase_tokens(std::string(trim(name)));
  if (tokens.empty()) tokens.emplace_back();
  Tokens inside = member_tokens(members, to_a_labels);
  const bool divided = std::any_of(inside.begin(), inside.end(), [](const std::string& token) {
    return token.starts_with(":;");
  });
  if (divided) {
    append(tokens, encoded_words(trim(members)));
    tokens.emplace_back(":;");
    return tokens;
  }
  tokens.back() += ':';
  append(tokens, std::move(inside));
  tokens.back() += ';';
  return tokens;
}

}  // namespace

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::string(text);
  text.remove_prefix(1);
  if (text.ends_with('"')) text.remove_suffix(1);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

std::vector<std::string> address_tokens(std::string_view value, ToALabels to_a_labels) {
  Tokens tokens;
  while (!value.empty()) {
    const std::size_t end = find_outside(value, ",:");
    const std::string_view first = value.substr(0, end);
    if (end == value.size() || value[end] == ',') {
      add(tokens, mailbox_tokens(trim(first), to_a_labels));
      value.remove_prefix(std::min(end + 1, value.size()));
      continue;
    }
    value.remove_prefix(end + 1);
    const std::size_t close = find_outside(value, ";");
    add(tokens, group_tokens(first, value.substr(0, close), to_a_labels));
    value.remove_prefix(std::min(close + 1, value.size()));
    value.remove_prefix(std::min(find_outside(value, ",") + 1, value.size()));
  }
  return tokens;
}

}  // namespace postrider::message
