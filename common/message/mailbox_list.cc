#include "common/message/mailbox_list.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

constexpr std::string_view kSpecials = "()<>[]:;@\\,\"";

// atext of RFC 5322 section 3.2.3 with UTF-8 (RFC 6532 section 3.2), and the dots between.
bool is_atom_text(char c) {
  return c != ' ' && c != '\t' && kSpecials.find(c) == std::string_view::npos;
}

// Each function takes something off the front, or fails for good.
class MailboxReader {
 public:
  explicit MailboxReader(std::string_view text) : text_(text) {}

  std::optional<std::vector<std::string>> read() {
    while (!failed_) {
      skip_space();
      if (text_.empty()) break;
      if (take(',')) continue;
      read_mailbox();
      skip_space();
      if (!text_.empty() && text_.front() != ',') fail();
    }
    if (failed_ || addresses_.empty()) return std::nullopt;
    return std::move(addresses_);
  }

 private:
  // name-addr or addr-spec.
  void read_mailbox() {
    std::string words;
    std::size_t count = 0;
    while (!failed_ && !text_.empty() && text_.front() != '<' && text_.front() != '@') {
      words = take_word();
      ++count;
      skip_space();
    }
    if (failed_) return;
    if (take('<')) {
      skip_space();
      std::string local = take_word();
      skip_space();
      read_domain(std::move(local));
      skip_space();
      if (!take('>')) fail();
    } else if (count == 1) {
      read_domain(std::move(words));
    } else {
      fail();
    }
  }

  void read_domain(std::string address) {
    if (!take('@')) return fail();
    address += '@';
    skip_space();
    address += text_.starts_with('[') ? take_literal() : take_atom();
    // Which some readers decode.
    if (address.find("=?") != std::string::npos) fail();
    addresses_.push_back(std::move(address));
  }

  // An atom or a quoted string, as written.
  std::string take_word() { return text_.starts_with('"') ? take_quoted() : take_atom(); }

  std::string take_atom() {
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), &is_atom_text);
    return take(static_cast<std::size_t>(end - text_.begin()));
  }

  std::string take_quoted() {
    std::size_t end = 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
    if (end >= text_.size()) fail();
    return failed_ ? "" : take(end + 1);
  }

  std::string take_literal() {
    const std::size_t end = text_.find(']');
    if (end == std::string_view::npos) fail();
    return failed_ ? "" : take(end + 1);
  }

  // An empty one is none.
  std::string take(std::size_t octets) {
    if (octets == 0) fail();
    const std::string taken(text_.substr(0, octets));
    text_.remove_prefix(octets);
    return taken;
  }

  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  // White space and comments.
  void skip_space() {
    int depth = 0;
    while (!text_.empty()) {
      const char c = text_.front();
      if (c == '(')
        ++depth;
      else if (depth == 0 && !is_wsp(c))
        return;
      if (c == ')') --depth;
      text_.remove_prefix(c == '\\' && depth > 0 ? std::min<std::size_t>(2, text_.size()) : 1);
    }
    if (depth > 0) fail();
  }

  void fail() {
    failed_ = true;
    text_ = {};
  }

  std::string_view text_;
  std::vector<std::string> addresses_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> parse_mailbox_list(std::string_view value) {
  const auto is_odd = [](char c) { return is_control(c) && c != '\t'; };
  if (std::any_of(value.begin(), value.end(), is_odd)) return std::nullopt;
  return MailboxReader(value).read();
}

}  // namespace postrider::message
