// field_filter.h - leaves fields of certain names out of a message that passes, in bounded memory.
//
// Where the header section ends, and what belongs to a field, is as in header_scanner.h. Lines end
// with CRLF or LF.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace postrider::message {

class FieldFilter {
 public:
  // What may stand between a name and its colon (RFC 5322 section 4.5): a name followed by more is
  // taken for the field it seems to be.
  static constexpr std::size_t kMaxSpace = 64;

  // `names`, in any case, outlive the filter.
  explicit FieldFilter(std::span<const std::string_view> names) : names_(names) {}

  // What is to be kept of the next octets. Valid until the next call, or as long as `bytes`.
  std::string_view feed(std::string_view bytes);
  // The message ended: what was kept back of its last line.
  std::string_view finish();

 private:
  enum class State : std::uint8_t { line_begins, in_line, body };

  void take_header(std::string_view& bytes);
  void begin_line(char c);
  bool may_be_unwanted() const;
  bool is_unwanted() const;

  const std::span<const std::string_view> names_;
  State state_ = State::line_begins;
  bool dropping_ = false;  // the field under way
  std::string begun_;      // of a line, until it is known what field it begins
  std::string kept_;
};

}  // namespace postrider::message
