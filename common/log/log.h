// log.h - one line an event, on standard error: time, process, event, then fixed keys.
//
// Every value that came from outside is escaped here, by its type: a line break, a quote or a
// control character in an address or a reply cannot forge a line. logfmt or JSON. No passwords
// (Secret has no formatter), no message content.
//
//   log.info("accepted").id(id).with("from", sender).with("size", size);
//
// The line is written when the Entry goes out of scope. Thread-safe.
//
// A line that belongs to a message or a session may be kept for its trace as well (common/trace),
// of any level: so there is one way to tell what happened, and the log has the part of it that its
// level asks for.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/base/unique_function.h"

namespace postrider::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t { logfmt, json };

// The level named "debug", "info", "warning" or "error".
std::optional<Level> parse_level(std::string_view name) noexcept;

class Logger;

// A line in the making. Values longer than kMaxValue octets are cut and end in "...".
class Entry {
 public:
  static constexpr std::size_t kMaxValue = 1024;

  Entry(Logger* logger, Level level, std::string_view event);
  Entry(Entry&& other) noexcept;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  Entry& operator=(Entry&&) = delete;
  ~Entry();

  Entry& with(std::string_view key, std::string_view value);
  Entry& with(std::string_view key, const char* value) {
    return with(key, std::string_view(value));
  }
  template <typename Int>
  requires std::is_integral_v<Int> Entry& with(std::string_view key, Int value) {
    if constexpr (std::is_same_v<Int, bool>) {
      return raw(key, value ? "true" : "false");
    } else {
      return raw(key, std::to_string(value));
    }
  }
  // The same for a longer text: at most `most` octets of it.
  Entry& text(std::string_view key, std::string_view value, std::size_t most);

  // Whose line it is: a message's, or a session's in which there is no message yet.
  Entry& id(std::string_view id) { return keep().with("id", id); }
  Entry& id(const MessageId& id) { return this->id(id.view()); }
  Entry& session(std::string_view session) { return keep().with("session", session); }
  // It is kept for the trace, though it is nobody's.
  Entry& keep() noexcept {
    kept_ = true;
    return *this;
  }

 private:
  Entry& raw(std::string_view key, std::string_view value);
  void name(std::string_view key);

  Logger* logger_;  // null: the level is not logged
  Level level_ = Level::info;
  bool kept_ = false;  // for the trace
  std::string line_;
};

class Logger {
 public:
  using Sink = UniqueFunction<void(std::string_view lines)>;

  // `process` stands in every line ("smtpd", "deliverd@local"). `clock` outlives the Logger.
  // Lines of a level below `level` are not written. Without a sink, lines go to standard error.
  Logger(std::string process, Level level, Format format, const Clock& clock, Sink sink = {});
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  Entry debug(std::string_view event) { return entry(Level::debug, event); }
  Entry info(std::string_view event) { return entry(Level::info, event); }
  Entry warning(std::string_view event) { return entry(Level::warning, event); }
  Entry error(std::string_view event) { return entry(Level::error, event); }

  // While buffered, lines below `warning` wait for flush() (the event loop's, once a turn) or
  // until 64 KiB are waiting; warnings and errors take everything out with them.
  void set_buffered(bool buffered);
  void flush();

  // From now on `trace` gets the lines of messages and sessions, of every level, in whole buffers;
  // empty: nobody does. It may not log. Before another thread logs, or after the last has.
  void keep_for(Sink trace);

 private:
  friend class Entry;
  Entry entry(Level level, std::string_view event) {
    return Entry(level >= level_ || keeping_ ? this : nullptr, level, event);
  }
  void write(Level level, std::string_view line, bool kept);
  void flush_locked();
  void flush_kept_locked();

  const std::string process_;
  const Level level_;
  const Format format_;
  const Clock& clock_;
  std::mutex mutex_;
  Sink sink_;
  Sink trace_;
  bool keeping_ = false;  // trace_ is there
  std::string buffer_;
  std::string kept_;  // the buffer of trace_
  bool buffered_ = false;
};

}  // namespace postrider::log
