// common_passwords.h - the passwords that are guessed first, and therefore are none.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace postrider::directory {

class CommonPasswords {
 public:
  // Octets of a list.
  static constexpr std::size_t kMaxList = 64U << 20U;

  CommonPasswords() = default;  // none
  // A few hundred of our own choice.
  static CommonPasswords built_in();
  // One a line; empty lines, and what begins with "#!", are none. Fails (invalid) beyond kMaxList.
  static Result<CommonPasswords> parse(std::string_view text);

  // Upper and lower case of ASCII are one.
  bool contains(std::string_view password) const;
  std::size_t size() const noexcept { return lines_.size(); }

 private:
  explicit CommonPasswords(std::string_view text);

  std::unique_ptr<const std::string> text_;  // in lower case
  std::vector<std::string_view> lines_;      // of text_, in their order
};

}  // namespace postrider::directory
