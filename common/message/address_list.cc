#include "common/message/address_list.h"

#include "common/base/ascii.h"

namespace postrider::message {

namespace {

// Reads the list an octet at a time; `bare_` gathers what may be an address without angle brackets.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<std::string> read() {
    while (!text_.empty()) {
      const char c = text_.front();
      switch (c) {
        case '(': skip_comment(); break;
        case '"': copy_quoted(); break;
        case '<': copy_angle(); break;
        case ':': begin_group(); break;
        case ',':
        case ';': end_address(); break;
        default:
          if (!is_wsp(c) && c != '\r' && c != '\n') bare_ += c;
          text_.remove_prefix(1);
      }
    }
    keep();
    return std::move(addresses_);
  }

 private:
  void skip_comment() {
    int depth = 0;
    do {
      const char c = text_.front();
      if (c == '\\' && text_.size() > 1) text_.remove_prefix(1);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      text_.remove_prefix(1);
    } while (depth > 0 && !text_.empty());
  }

  void copy_quoted() {
    std::size_t end = 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
    const std::string_view quoted = text_.substr(0, end + 1);
    bare_ += quoted;
    text_.remove_prefix(quoted.size());
  }

  void copy_angle() {
    const std::size_t end = text_.find('>');
    angle_ = trim(text_.substr(1, end == std::string_view::npos ? end : end - 1));
    has_angle_ = true;
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
  }

  // What stood before the colon was the name of a group.
  void begin_group() {
    bare_.clear();
    text_.remove_prefix(1);
  }

  void end_address() {
    keep();
    text_.remove_prefix(1);
  }

  void keep() {
    std::string address = has_angle_ ? std::string(angle_) : std::move(bare_);
    if (!address.empty()) addresses_.push_back(std::move(address));
    bare_.clear();
    has_angle_ = false;
  }

  std::string_view text_;
  std::vector<std::string> addresses_;
  std::string bare_;
  std::string_view angle_;
  bool has_angle_ = false;
};

}  // namespace

std::vector<std::string> addresses_in(std::string_view value) { return Reader(value).read(); }

}  // namespace postrider::message
