// data_reader.h - the message that DATA or BDAT brings, as views of what arrived.
//
// After DATA it takes the transparency dots away and finds the end without copying an octet.
// <CRLF>.<CRLF> alone ends a message: a bare CR or LF is no line end anywhere, which is what keeps
// a second message from being smuggled inside a first. A message with a defect is read to its true
// end, so that the conversation stays in step, and gives no more content from the defect on: its
// reader refuses it.
//
// RFC 5321 section 4.5.2 (transparency), 2.3.8 (lines), 4.5.3.1.6 (text line), 4.1.1.4 (end);
// RFC 3030 section 2 (chunks).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider::smtp {

class DataReader {
 public:
  // Whether the message ends with a lone dot (DATA), or where its sender said before (BDAT).
  enum class Framing : std::uint8_t { dots, chunks };

  // In order of gravity.
  enum class Defect : std::uint8_t {
    none,
    long_line,
    nul,  // RFC 2045 section 2.8: not even 8bit content has one, and readers in C stop there
    bare_line_end,  // CR without LF or LF without CR
  };

  // RFC 5321 section 4.5.3.1.6: with CRLF, without a transparency dot.
  static constexpr std::size_t kTextLine = 1000;

  explicit DataReader(std::size_t line_limit = kTextLine, Framing framing = Framing::dots)
      : line_limit_(line_limit), dotted_(framing == Framing::dots) {}

  // Takes from the front of `input` up to the end of the message or all of it, and gives the next
  // piece of content, a view into `input`. Empty: all of `input` was taken, or finished(). Called
  // again until then.
  std::string_view read(std::string_view& input);

  // The last chunk was read: a CR that it ends with is bare.
  void end() noexcept;

  // The end was taken; what is left of `input` are commands.
  bool finished() const noexcept { return at_ == At::end; }
  // The gravest defect so far.
  Defect defect() const noexcept { return defect_; }

 private:
  // What the octets so far end with.
  enum class At : std::uint8_t { line_start, dot, dot_cr, text, cr, end };

  bool take_dot(std::string_view& input);
  std::size_t scan(std::string_view input);
  void scan_line(std::string_view line, bool ends_with_lf);
  void found(Defect defect) noexcept;

  std::size_t line_limit_;
  bool dotted_;
  std::size_t line_octets_ = 0;
  At at_ = At::line_start;  // the CRLF of the DATA command is the first of <CRLF>.<CRLF>
  Defect defect_ = Defect::none;
};

}  // namespace postrider::smtp
