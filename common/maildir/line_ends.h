// line_ends.h - between CRLF, as mail travels, and LF, as a Maildir keeps it.
//
// All three take text in pieces of any size and give the same whatever the pieces are. What
// ToLf makes of CRLF text, ToWire turns back into the same octets, unless a line ended with
// CR CR LF, which smtpd lets nobody send.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::maildir {

// CRLF becomes LF; a CR that no LF follows stays.
class ToLf {
 public:
  void append(std::string_view crlf_text, std::string& lf_text);
  // Gives out a CR that was the last octet.
  void finish(std::string& lf_text);

 private:
  bool held_cr_ = false;
};

// Counts the octets of a text as POP3 tells them (RFC 1939 section 11): with CRLF at the end of
// each line, the last one included, and without the dots of byte-stuffing.
class WireSize {
 public:
  void append(std::string_view lf_text) noexcept;
  std::uint64_t octets() const noexcept { return octets_ + (last_ == '\n' || empty_ ? 0 : 2); }

 private:
  std::uint64_t octets_ = 0;
  char last_ = '\0';
  bool empty_ = true;
};

// LF becomes CRLF (a CR that is already there is kept, not doubled), and a dot is put before a line
// that begins with one (RFC 1939 section 3).
class ToWire {
 public:
  // With `body_lines`: stops after the header, the empty line and that many lines (RFC 1939
  // section 7, TOP).
  explicit ToWire(std::optional<std::uint64_t> body_lines = {}) : body_lines_(body_lines) {}

  void append(std::string_view lf_text, std::string& wire);
  // Ends a last line that has no line end.
  void finish(std::string& wire);
  // The lines asked for are out: what follows is not wanted.
  bool complete() const noexcept { return complete_; }

 private:
  void end_line(std::size_t octets);

  std::optional<std::uint64_t> body_lines_;
  char last_ = '\n';
  std::size_t line_octets_ = 0;  // of a line of which earlier pieces held the beginning
  bool in_body_ = false;
  bool complete_ = false;
};

}  // namespace postrider::maildir
