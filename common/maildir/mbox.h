// mbox.h - many messages in one file: mbox in its form mboxrd (RFC 4155 has the media type and the
// older form). No I/O.
//
//   mbox      = *( separator *line LF )
//   separator = "From " sender SP asctime-date LF
//   line      = a line of the message; of one that is *">" "From " ..., ">" goes before it
//
// Lines end with LF; a CR is an octet as any other. What the writer makes of a message the reader
// turns back into the same octets, except that a last line without LF has one then. The reader
// takes a line for a separator where an empty line or nothing is before it, so that files of
// programs that quote less are read as well. Both take text in pieces of any size, keep no more
// than a line of separator, and give the same whatever the pieces are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

class MboxWriter {
 public:
  // `seconds` since 1970, as the separator says it in UTC.
  void begin(std::int64_t seconds, std::string& mbox);
  void append(std::string_view text, std::string& mbox);
  void finish(std::string& mbox);

 private:
  void begin_line() noexcept;

  std::size_t matched_ = 0;  // octets of "From " that the line begins with
  bool at_start_ = true;     // of a line, but for ">" and what is matched
  bool is_ended_ = true;     // the last line
};

class MboxReader {
 public:
  // Octets of a separator; addresses have 320 at most, and dates are short.
  static constexpr std::size_t kMaxSeparator = 4096;

  // Who takes the messages. Nothing that it is called with outlives the call.
  class Sink {
   public:
    Sink() = default;
    Sink(const Sink&) = default;
    Sink& operator=(const Sink&) = default;
    virtual ~Sink() = default;
    // `seconds` since 1970: when it came; nothing: the separator does not say it.
    virtual Result<void> on_message(std::optional<std::int64_t> seconds) = 0;
    virtual Result<void> on_content(std::string_view text) = 0;
    virtual Result<void> on_end() = 0;
  };

  // `sink` outlives the reader.
  explicit MboxReader(Sink& sink) : sink_(sink) {}

  // Errors are those of the sink, and corrupt for what is no mbox; after one the reader can only be
  // dropped.
  Result<void> feed(std::string_view text);
  // The file ended.
  Result<void> finish();

 private:
  enum class Where : std::uint8_t { before, line_start, in_line, separator };

  Result<void> emit(std::string_view text);
  Result<void> begin_line(char c, bool& taken);
  Result<void> on_from();
  Result<void> give_up_match();
  Result<void> end_separator();

  Sink& sink_;
  Where where_ = Where::before;
  std::size_t matched_ = 0;
  bool quoted_ = false;  // a ">" before it is held back
  bool blank_ = false;   // an empty line is held back: it may be the separator's
  std::string separator_;
};

// When the separator (without LF) says that its message came, in UTC.
std::optional<std::int64_t> separator_time(std::string_view separator) noexcept;

}  // namespace postrider::maildir
