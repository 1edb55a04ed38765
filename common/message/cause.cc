#include "common/message/cause.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/base/ascii.h"
#include "common/message/cause_words.h"

namespace postrider::message {

namespace {

struct StatusCause {
  std::string_view detail;  // a status without its class: "1.1"
  Cause cause;
};

// What says one thing alone, whoever says it.
constexpr auto kExact = std::to_array<StatusCause>({
    {"1.1", Cause::bad_address},
    {"1.2", Cause::bad_domain},
    {"1.3", Cause::bad_address},
    {"1.6", Cause::bad_address},
    {"1.7", Cause::bad_sender},
    {"1.8", Cause::bad_sender},
    {"1.9", Cause::system},
    {"1.10", Cause::bad_domain},
    {"2.1", Cause::mailbox_disabled},
    {"2.2", Cause::mailbox_full},
    {"2.3", Cause::too_large},
    {"3.1", Cause::system},
    {"3.3", Cause::unsupported},
    {"3.4", Cause::too_large},
    {"3.5", Cause::system},
    {"4.1", Cause::unreachable},
    {"4.2", Cause::unreachable},
    {"4.3", Cause::dns},
    {"4.4", Cause::bad_domain},
    {"4.5", Cause::system},
    {"4.6", Cause::loop},
    {"4.7", Cause::unreachable},
    {"5.3", Cause::rate},
    {"6.1", Cause::unsupported},
    {"6.3", Cause::unsupported},
    {"6.7", Cause::unsupported},
    {"6.9", Cause::unsupported},
    {"7.2", Cause::policy},
    {"7.10", Cause::tls},
    {"7.20", Cause::authentication},
    {"7.21", Cause::authentication},
    {"7.22", Cause::authentication},
    {"7.23", Cause::authentication},
    {"7.24", Cause::authentication},
    {"7.25", Cause::reputation},
    {"7.26", Cause::authentication},
    {"7.27", Cause::bad_sender},
    {"7.28", Cause::rate},
    {"7.29", Cause::authentication},
    {"7.30", Cause::tls},
});

// What is said where nothing better comes to a server's mind: by its subject.
constexpr auto kVague = std::to_array<StatusCause>({
    {"3.", Cause::system},
    {"4.", Cause::unreachable},
    {"5.", Cause::system},
    {"6.", Cause::content},
    {"7.", Cause::policy},
});

// RFC 5321 section 4.2.3: the codes that say more than their first digit.
struct CodeCause {
  std::string_view code;
  Cause cause;
};
constexpr auto kCodes = std::to_array<CodeCause>({
    {"421", Cause::system},
    {"452", Cause::system},
    {"500", Cause::system},
    {"503", Cause::system},
    {"523", Cause::too_large},
    {"530", Cause::policy},
    {"551", Cause::bad_address},
    {"552", Cause::mailbox_full},
    {"553", Cause::bad_address},
    {"555", Cause::unsupported},
    {"556", Cause::bad_domain},  // RFC 7504
});

// The words of `reply` in lower case, a space before, between and after them. Addresses are left
// out, whose words mean nothing: <spam@policy.example>.
std::string words_of(std::string_view reply) {
  std::string words = " ";
  reply = reply.substr(0, kMaxWords);
  while (!reply.empty()) {
    const std::size_t end = std::min(reply.find_first_of(" \t\r\n"), reply.size());
    const std::string_view token = reply.substr(0, end);
    reply.remove_prefix(std::min(end + 1, reply.size()));
    if (token.find('@') != std::string_view::npos) continue;
    for (const char c : token) {
      if (is_alnum(c) || !is_ascii(c)) {
        words += ascii_lower(c);
      } else if (words.back() != ' ') {
        words += ' ';
      }
    }
    if (words.back() != ' ') words += ' ';
  }
  return words;
}

// A table of phrases, by what they begin with: a space, and the letter or digit behind it. So only
// where a word begins are a few of them looked for, and not each of two hundred everywhere.
class Phrases {
 public:
  explicit Phrases(std::span<const WordsCause> table) : table_(table) {
    for (std::size_t row = 0; row < table.size(); ++row)
      rows_[static_cast<unsigned char>(table[row].phrase[1])].push_back(row);
  }

  // Of the first row whose phrase is said.
  Cause cause_in(std::string_view words) const {
    std::size_t first = table_.size();
    for (std::size_t at = 0; at + 1 < words.size(); at = words.find(' ', at + 1))
      for (const std::size_t row : rows_[static_cast<unsigned char>(words[at + 1])])
        if (row < first && words.substr(at).starts_with(table_[row].phrase)) first = row;
    return first == table_.size() ? Cause::unknown : table_[first].cause;
  }

 private:
  const std::span<const WordsCause> table_;
  std::array<std::vector<std::size_t>, 256> rows_;
};

bool is_status(std::string_view text) {
  return text.size() >= 5 && (text[0] == '4' || text[0] == '5') && text[1] == '.' &&
         is_digit(text[2]);
}

// Without its class: "5.1.1" is "1.1". Servers say in their words what a relay in between made
// 5.0.0 of.
std::string_view detail_of(std::string_view status, std::string_view reply) {
  const std::string_view after_code = reply.substr(std::min<std::size_t>(4, reply.size()));
  const std::string_view said = after_code.substr(0, after_code.find(' '));
  const std::string_view best = is_status(said) ? said : status;
  return is_status(best) ? best.substr(2) : std::string_view();
}

Cause exact(std::string_view detail) {
  for (const StatusCause& row : kExact)
    if (row.detail == detail) return row.cause;
  return Cause::unknown;
}

Cause vague(std::string_view detail, std::string_view reply) {
  for (const CodeCause& row : kCodes)
    if (reply.starts_with(row.code)) return row.cause;
  for (const StatusCause& row : kVague)
    if (detail.starts_with(row.detail)) return row.cause;
  return Cause::unknown;
}

// Where the words are ours, a name may stand before them that is none of them: "waiting for
// mx:a.example: connection timed out", "mx.a.example[192.0.2.1]: TLS failed".
std::string_view without_name(std::string_view reply) {
  const std::size_t colon = reply.find(": ");
  if (colon == std::string_view::npos) return reply;
  const std::string_view before = reply.substr(0, colon);
  const bool is_server = before.ends_with(']') && before.find(' ') == std::string_view::npos;
  return is_server || before.starts_with("waiting for ") ? reply.substr(colon + 2) : reply;
}

}  // namespace

std::string_view name_of(Cause cause) noexcept {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"unknown",    "bad_address", "bad_domain",     "mailbox_disabled", "mailbox_full",
       "too_large",  "bad_sender",  "authentication", "reputation",       "rate",
       "greylisted", "relaying",    "content",        "unsupported",      "policy",
       "tls",        "dns",         "unreachable",    "system",           "loop"});
  return kNames[static_cast<std::size_t>(cause)];
}

Cause cause_of(std::string_view status, std::string_view reply) {
  const std::string words = words_of(without_name(reply));
  const std::string_view detail = detail_of(status, reply);
  // What is said of an address or its domain is then said of the sender's.
  if (exact(detail) == Cause::bad_sender) return Cause::bad_sender;
  static const Phrases plain_phrases(plain_words());
  static const Phrases vague_phrases(vague_words());
  if (const Cause plain = plain_phrases.cause_in(words); plain != Cause::unknown) return plain;
  if (const Cause said = exact(detail); said != Cause::unknown) return said;
  if (const Cause hint = vague_phrases.cause_in(words); hint != Cause::unknown) return hint;
  return vague(detail, reply);
}

}  // namespace postrider::message
