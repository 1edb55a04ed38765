#include "common/config/statements.h"

#include <algorithm>

namespace postrider::config {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    if (text.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  std::vector<Statement> run() {
    while (skip_to_statement()) {
      const std::size_t before = at_;
      all_.push_back(text_[at_] == '[' ? header() : value());
      end_line(all_.back());
      if (at_ == before) break;  // no TOML
    }
    return std::move(all_);
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  bool is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool is_blank() const { return is(' ') || is('\t'); }
  void skip_blanks() {
    while (is_blank()) ++at_;
  }
  void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  bool skip_to_statement() {
    while (!done()) {
      if (is_blank() || is('\n') || is('\r')) {
        ++at_;
      } else if (is('#')) {
        skip_comment();
      } else {
        return true;
      }
    }
    return false;
  }

  Statement header() {
    Statement one{.begin = at_};
    ++at_;
    one.kind = is('[') ? Statement::Kind::element : Statement::Kind::table;
    if (one.kind == Statement::Kind::element) ++at_;
    one.path = keys();
    one.key_end = at_;
    while (is(']')) ++at_;
    one.value_begin = one.value_end = at_;
    one.in_element = one.kind == Statement::Kind::element || is_below_element(one.path);
    if (one.kind == Statement::Kind::element) elements_.push_back(one.path);
    table_ = one.path;
    in_element_ = one.in_element;
    return one;
  }

  Statement value() {
    Statement one{.in_element = in_element_, .begin = at_};
    one.path = table_;
    for (std::string& key : keys()) one.path.push_back(std::move(key));
    one.key_end = at_;
    skip_blanks();
    if (is('=')) ++at_;
    skip_blanks();
    one.value_begin = at_;
    one.has_inner_comment = skip_value();
    one.value_end = at_;
    return one;
  }

  // [a.b] behind [[a]] is in its last element.
  bool is_below_element(const std::vector<std::string>& path) const {
    return std::any_of(elements_.begin(), elements_.end(), [&](const auto& element) {
      return path.size() > element.size() &&
             std::equal(element.begin(), element.end(), path.begin());
    });
  }

  // A key with its dots, and what stands between them.
  std::vector<std::string> keys() {
    std::vector<std::string> path;
    while (true) {
      skip_blanks();
      path.push_back(key());
      const std::size_t end = at_;
      skip_blanks();
      if (!is('.')) {
        if (!is(']')) at_ = end;
        return path;
      }
      ++at_;
    }
  }

  std::string key() {
    const std::size_t begin = at_;
    if (is('"') || is('\'')) {
      skip_string();
      return std::string(text_.substr(begin + 1, std::max<std::size_t>(at_ - begin, 2) - 2));
    }
    constexpr std::string_view kEnd = " \t\r\n.=]#\"'";
    at_ = std::min(text_.find_first_of(kEnd, at_), text_.size());
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Behind the string that begins here.
  void skip_string() {
    const char quote = text_[at_];
    const std::string three(3, quote);
    const bool is_long = text_.substr(at_, 3) == three;
    const std::string_view end = is_long ? std::string_view(three) : text_.substr(at_, 1);
    at_ += end.size();
    while (!done() && text_.substr(at_, end.size()) != end)
      at_ += quote == '"' && is('\\') ? 2U : 1U;
    at_ = std::min(at_ + end.size(), text_.size());
    // Two quotes more may stand before the three that end it.
    for (int i = 0; is_long && i < 2 && is(quote); ++i) ++at_;
  }

  // Whether there is a comment in it.
  bool skip_value() {
    if (is('"') || is('\'')) {
      skip_string();
      return false;
    }
    if (is('[') || is('{')) return skip_brackets();
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of("#\r\n", at_), text_.size());
    while (at_ > begin && (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) --at_;
    return false;
  }

  bool skip_brackets() {
    bool has_comment = false;
    std::size_t depth = 0;
    while (!done()) {
      if (is('"') || is('\'')) {
        skip_string();
        continue;
      }
      if (is('#')) {
        has_comment = true;
        skip_comment();
        continue;
      }
      if (is('[') || is('{')) ++depth;
      if (is(']') || is('}')) --depth;
      ++at_;
      if (depth == 0) break;
    }
    return has_comment;
  }

  void end_line(Statement& one) {
    skip_blanks();
    one.has_comment = is('#');
    at_ = std::min(text_.find('\n', at_), text_.size());
    one.line_end = at_;
    if (one.line_end > one.value_end && text_[one.line_end - 1] == '\r' && is('\n')) --one.line_end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Statement> all_;
  std::vector<std::string> table_;  // the last header's
  bool in_element_ = false;
  std::vector<std::vector<std::string>> elements_;
};

}  // namespace

std::vector<Statement> statements_of(std::string_view text) { return Scanner(text).run(); }

}  // namespace postrider::config
