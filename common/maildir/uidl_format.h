// uidl_format.h - Dovecot's setting pop3_uidl_format: of what its POP3 server makes unique-ids.
//
//   format   = *( character / "%%" / variable )
//   variable = "%" [ width ] [ modifier ] ( "u" / "v" / "f" / "g" )
//   width    = [ "0" ] 1*2DIGIT      with "0" filled up with zeros, else cut after so many
//   modifier = "X" / "L" / "U"       in hexadecimal, in lower case, in upper case
//
// u is the message's UID, v the mailbox's UIDVALIDITY, f the file's name, g the message's GUID, as
// in Dovecot 1 to 2.3. Not known are %m, a digest of a header that it keeps for mailboxes that are
// one file, offsets, other modifiers, and how Dovecot 2.4 writes it: these are refused. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace postrider::maildir {

class UidlFormat {
 public:
  static constexpr std::string_view kDefault = "%08Xu%08Xv";
  static constexpr std::size_t kMaxSize = 256;

  // The error says what of it is not known here, and is invalid.
  static Result<UidlFormat> parse(std::string_view format);

  struct Values {
    std::uint32_t uid = 0;
    std::uint32_t validity = 0;
    std::string_view file;  // its name without flags
    std::string_view guid;
  };
  std::string expand(const Values& values) const;

  // Whether the UIDVALIDITY of the mailbox is part of the ids.
  bool needs_validity() const noexcept;

 private:
  enum class Variable { none, uid, validity, file, guid };
  struct Part {
    std::string literal;
    Variable variable = Variable::none;
    char modifier = '\0';
    std::size_t width = 0;
    bool zeros = false;
  };

  static Variable variable_of(char letter) noexcept;
  static Result<Part> take_variable(std::string_view& rest);
  static std::string expand(const Part& part, const Values& values);

  std::vector<Part> parts_;
};

}  // namespace postrider::maildir
