// binary_converter.h - makes lines of a message whose parts may hold any octets, as it passes.
//
// A part that says "Content-Transfer-Encoding: binary" is encoded in base64, and its header says
// so; all else stays as it is, octet by octet. What comes out has lines, provided that the other
// parts had: that is for the reader of lines to judge.
//
// RFC 3030 section 3 (binary content, and that it is converted for who cannot take it), RFC 2045
// section 6 (encodings; those of multipart and message/rfc822 may not be base64, and their parts
// are converted instead), RFC 2046 section 5.1.1 (delimiters).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::message {

class BinaryConverter {
 public:
  static constexpr std::size_t kMaxHeader = 65536;  // octets of one part's header
  static constexpr std::size_t kMaxDepth = 50;      // multiparts within each other
  static constexpr std::size_t kMaxPadding = 64;    // white space behind a delimiter

  static constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 section 5.1.1

  enum class Defect : std::uint8_t { none, long_header, too_deep, long_boundary };

  // What comes out for the next octets; valid until the next call. With a defect it ends.
  std::string_view feed(std::string_view octets);
  // The message ended: what was kept back. Called once.
  std::string_view finish();

  bool finished() const noexcept { return finished_; }
  Defect defect() const noexcept { return defect_; }

 private:
  enum class In : std::uint8_t { header, lines, octets };
  // What the octets that are held turn out to be.
  struct Match {
    enum class Kind : std::uint8_t { none, possible, delimiter } kind = Kind::none;
    std::size_t multipart = 0;  // the place among boundaries_ of the one it belongs to
    bool closes = false;        // it
  };

  void take_header(std::string_view& octets);
  void take_body(std::string_view& octets);
  void end_header();
  void begin_body(In in);
  Match match(std::string_view held) const;
  Match match_delimiter(std::string_view line) const;
  void end_part(const Match& delimiter);
  void let_go();
  void emit(std::string_view octets);
  void end_encoding();

  In in_ = In::header;
  std::vector<std::string> boundaries_;  // "--" and that of each open multipart, innermost last
  std::string header_;                   // of the part under way, until it is over
  std::size_t line_ = 0;                 // where its last line begins
  std::string held_;                     // of a body: what may turn out to be a delimiter
  bool at_line_start_ = false;           // held_ begins a line, though with no CRLF
  std::string unencoded_;                // less than a line of base64
  std::string out_;
  bool finished_ = false;
  Defect defect_ = Defect::none;
};

}  // namespace postrider::message
