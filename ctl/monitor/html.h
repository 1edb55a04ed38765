// html.h - markup in the making: what stands in the source is markup, what comes at run time is
// text, and is escaped by its type.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace postrider::ctl {

class Html {
 public:
  // One after another: a literal as it is, an Html as it is, text escaped, a number in digits.
  template <typename... Parts>
  Html& add(const Parts&... parts) {
    (add_one(parts), ...);
    return *this;
  }

  // A constant of the source that is markup.
  Html& add_markup(std::string_view markup) {
    markup_ += markup;
    return *this;
  }

  const std::string& str() const noexcept { return markup_; }
  bool empty() const noexcept { return markup_.empty(); }

 private:
  // An array of const is a literal, of which no part comes from outside.
  template <std::size_t Size>
  void add_one(const char (&literal)[Size]) {
    markup_.append(literal, Size - 1);
  }
  void add_one(const Html& html) { markup_ += html.markup_; }
  void add_one(const std::string& text) { add_text(text); }
  void add_one(std::string_view text) { add_text(text); }
  template <std::integral Number>
  void add_one(Number number) {
    markup_ += std::to_string(number);
  }
  // Control characters and what is not UTF-8 as \xNN.
  void add_text(std::string_view text);

  std::string markup_;
};

}  // namespace postrider::ctl
