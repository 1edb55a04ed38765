#include "common/smtp/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/base/ascii.h"
#include "common/base/utf8.h"

namespace postrider::smtp {

namespace {

constexpr std::string_view kPostmaster = "postmaster";

// The length of the character beyond ASCII that `text` begins with, or 0.
std::size_t utf8_sequence(std::string_view text) {
  const Character character = first_character(text);
  return character.code < 0x80 ? 0 : character.octets;
}

// RFC 5322 section 3.2.3.
bool is_atext(char c) {
  constexpr std::string_view kSpecial = "!#$%&'*+-/=?^_`{|}~";
  return is_alnum(c) || (c != '\0' && kSpecial.find(c) != std::string_view::npos);
}

// Reads from the front of a text. Each rule takes what it matches, or fails and leaves the text
// somewhere within.
//
//   Reverse-path   = Path / "<>"
//   Forward-path   = Path / "<postmaster>"
//   Path           = "<" [ A-d-l ":" ] Mailbox ">"
//   A-d-l          = At-domain *( "," At-domain )
//   At-domain      = "@" Domain
//   Mailbox        = Local-part "@" ( Domain / address-literal )
//   Local-part     = Dot-string / Quoted-string
//   Dot-string     = Atom *("." Atom)
//   Atom           = 1*atext
//   Quoted-string  = DQUOTE *QcontentSMTP DQUOTE
//   QcontentSMTP   = qtextSMTP / quoted-pairSMTP
//   qtextSMTP      = %d32-33 / %d35-91 / %d93-126
//   quoted-pairSMTP= %d92 %d32-126
//   Domain         = sub-domain *("." sub-domain)
//   sub-domain     = Let-dig [Ldh-str]
//   Ldh-str        = *( ALPHA / DIGIT / "-" ) Let-dig
//   address-literal= "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
//
// RFC 6531 section 3.3 adds UTF8-non-ascii to atext, qtextSMTP and sub-domain.
// Deviation: RFC 5321 section 4.1.3 has General-address-literal; no tag but IPv6 was ever
// registered, so an address under another tag leads nowhere and is refused.
class Parser {
 public:
  Parser(std::string_view text, Charset charset) : rest_(text), utf8_(charset == Charset::utf8) {}

  std::string_view rest() const { return rest_; }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_ignoring_case(std::string_view word) {
    if (!starts_with_ignoring_case(rest_, word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool source_route() {
    do {
      if (!take('@') || domain().empty()) return false;
    } while (take(','));
    return take(':');
  }

  std::optional<Mailbox> mailbox() {
    Mailbox mailbox;
    const std::size_t before = rest_.size();
    if (!(rest_.starts_with('"') ? quoted_string(mailbox.local_part)
                                 : dot_string(mailbox.local_part)))
      return std::nullopt;
    if (before - rest_.size() > kMaxLocalPart || !take('@')) return std::nullopt;
    mailbox.domain = rest_.starts_with('[') ? address_literal() : domain();
    if (mailbox.domain.empty()) return std::nullopt;
    return mailbox;
  }

  // Empty: there is none.
  std::string_view domain() {
    const std::string_view from = rest_;
    do {
      if (!sub_domain()) return {};
    } while (take('.'));
    const std::string_view taken = from.substr(0, from.size() - rest_.size());
    return taken.size() <= kMaxDomain ? taken : std::string_view();
  }

  // Empty: there is none.
  std::string_view address_literal() {
    const std::size_t end = rest_.find(']');
    if (!rest_.starts_with('[') || end == std::string_view::npos) return {};
    const std::string_view literal = rest_.substr(0, end + 1);
    rest_.remove_prefix(literal.size());
    return is_ip(literal.substr(1, literal.size() - 2)) ? literal : std::string_view();
  }

  bool dot_string(std::string& meaning) {
    do {
      const std::size_t before = meaning.size();
      while (const std::size_t n = atext()) keep(n, meaning);
      if (meaning.size() == before) return false;
      if (rest_.starts_with('.')) meaning.push_back('.');
    } while (take('.'));
    return true;
  }

 private:
  bool quoted_string(std::string& meaning) {
    if (!take('"')) return false;
    while (!rest_.empty() && !rest_.starts_with('"')) {
      const bool pair = take('\\');
      const std::size_t n = pair ? printable() : qtext();
      if (n == 0) return false;
      keep(n, meaning);
    }
    return take('"');
  }

  bool sub_domain() {
    std::size_t length = 0;
    while (const std::size_t n = let_dig_hyphen(length)) length += n;
    const std::string_view label = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return length > 0 && length <= kMaxLabel && label.front() != '-' && label.back() != '-';
  }

  std::size_t let_dig_hyphen(std::size_t at) const {
    const std::string_view text = rest_.substr(at);
    if (text.empty()) return 0;
    return is_alnum(text.front()) || text.front() == '-' ? 1 : non_ascii(text);
  }

  std::size_t atext() const {
    if (rest_.empty()) return 0;
    return is_atext(rest_.front()) ? 1 : non_ascii(rest_);
  }

  std::size_t qtext() const {
    return rest_.starts_with('"') || rest_.starts_with('\\') ? 0 : printable_or_non_ascii();
  }

  std::size_t printable() const {
    return !rest_.empty() && is_ascii(rest_.front()) && !is_control(rest_.front()) ? 1 : 0;
  }

  std::size_t printable_or_non_ascii() const {
    const std::size_t n = printable();
    return n != 0 ? n : non_ascii(rest_);
  }

  std::size_t non_ascii(std::string_view text) const { return utf8_ ? utf8_sequence(text) : 0; }

  void keep(std::size_t n, std::string& meaning) {
    meaning.append(rest_.substr(0, n));
    rest_.remove_prefix(n);
  }

  static bool is_ip(std::string_view text) {
    constexpr std::string_view kIpv6Tag = "IPv6:";
    const bool v6 = starts_with_ignoring_case(text, kIpv6Tag);
    if (v6) text.remove_prefix(kIpv6Tag.size());
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    std::array<char, sizeof(in6_addr)> octets{};
    return ::inet_pton(v6 ? AF_INET6 : AF_INET, terminated.data(), octets.data()) == 1;
  }

  std::string_view rest_;
  bool utf8_;
};

enum class Direction { reverse, forward };

std::optional<Mailbox> path(Parser& parser, Direction direction) {
  if (!parser.take('<')) return std::nullopt;
  if (direction == Direction::reverse && parser.take('>')) return Mailbox{};
  if (direction == Direction::forward) {
    Parser ahead = parser;
    if (ahead.take_ignoring_case(kPostmaster) && ahead.take('>')) {
      parser = ahead;
      return Mailbox{std::string(kPostmaster), ""};
    }
  }
  if (parser.rest().starts_with('@') && !parser.source_route()) return std::nullopt;
  auto mailbox = parser.mailbox();
  if (!parser.take('>')) return std::nullopt;
  return mailbox;
}

std::optional<Mailbox> take_path(std::string_view& input, Charset charset, Direction direction) {
  Parser parser(input, charset);
  auto mailbox = path(parser, direction);
  const std::size_t length = input.size() - parser.rest().size();
  input = parser.rest();
  if (length > kMaxPath) return std::nullopt;
  return mailbox;
}

bool is_dot_string(std::string_view text) {
  Parser parser(text, Charset::utf8);
  std::string meaning;
  return parser.dot_string(meaning) && parser.rest().empty();
}

std::string quoted(std::string_view local_part) {
  std::string text = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  text.push_back('"');
  return text;
}

}  // namespace

std::string Mailbox::str() const {
  if (domain.empty()) return local_part;
  return (is_dot_string(local_part) ? local_part : quoted(local_part)) + '@' + domain;
}

std::string Mailbox::unquoted() const {
  return domain.empty() ? local_part : local_part + '@' + domain;
}

std::optional<Mailbox> parse_mailbox(std::string_view text, Charset charset) {
  Parser parser(text, charset);
  auto mailbox = parser.mailbox();
  if (!parser.rest().empty() || text.size() > kMaxMailbox) return std::nullopt;
  return mailbox;
}

std::optional<Mailbox> take_reverse_path(std::string_view& input, Charset charset) {
  return take_path(input, charset, Direction::reverse);
}

std::optional<Mailbox> take_forward_path(std::string_view& input, Charset charset) {
  return take_path(input, charset, Direction::forward);
}

bool is_domain(std::string_view text, Charset charset) {
  Parser parser(text, charset);
  return !parser.domain().empty() && parser.rest().empty();
}

bool is_address_literal(std::string_view text) {
  Parser parser(text, Charset::ascii);
  return !parser.address_literal().empty() && parser.rest().empty();
}

}  // namespace postrider::smtp
