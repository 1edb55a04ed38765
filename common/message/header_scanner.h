// header_scanner.h - finds the fields of a header section in a stream, in bounded memory.
//
// Fed in pieces of any size, it reports each field once it is whole and stops at the empty line. It
// judges nothing: a line that is neither a field nor the continuation of one is counted and passed
// over. Lines may end with CRLF (the wire, the spool) or LF (a Maildir file).
//
// RFC 5322 section 2.2 (fields) and 2.2.3 (unfolding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/unique_function.h"

namespace postrider::message {

class HeaderScanner {
 public:
  // What is kept of one field, name and value together; what is longer is cut. RFC 5322 has no
  // limit for a folded field; this is eight lines of the longest legal kind.
  static constexpr std::size_t kMaxFieldOctets = 8192;

  // `name` as written, without the colon; `value` unfolded, without white space at its ends. Both
  // are valid for the call. The function must not call the scanner.
  using OnField = UniqueFunction<void(std::string_view name, std::string_view value)>;

  explicit HeaderScanner(OnField on_field) : on_field_(std::move(on_field)) {}

  // Scans on. Does nothing once done().
  void feed(std::string_view bytes);
  // The message ended: reports a last field that no empty line followed.
  void finish();

  // The field that is being reported was longer than what is kept of one.
  bool cut() const noexcept { return cut_; }
  // The section is over: the empty line was seen, or finish() was called.
  bool done() const noexcept { return done_; }
  // Octets of the section so far, line ends and the empty line among them.
  std::uint64_t octets() const noexcept { return octets_; }
  // Lines so far that were neither a field nor the continuation of one; known once the next line
  // has begun.
  std::uint64_t misfits() const noexcept { return misfits_; }
  // Octets of the longest line so far, without its end.
  std::uint64_t longest_line() const noexcept { return longest_line_; }

 private:
  void begin_line(char first);
  void end_line();
  void keep(std::string_view text);
  void report();

  OnField on_field_;
  std::string field_;  // the field under way, unfolded
  std::uint64_t octets_ = 0;
  std::uint64_t misfits_ = 0;
  std::uint64_t line_octets_ = 0;  // of the line under way, its CR included
  std::uint64_t longest_line_ = 0;
  bool cut_ = false;           // the field under way
  bool line_is_empty_ = true;  // nothing but CR so far
  bool ends_in_cr_ = false;    // the line, so far
  bool done_ = false;
};

}  // namespace postrider::message
