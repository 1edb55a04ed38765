#include "common/log/log.h"

#include <unistd.h>

#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::log {

namespace {

constexpr std::size_t kMaxBuffer = 65536;
constexpr std::size_t kUsualLine = 320;

// Escapes for a JSON string, which are also valid inside logfmt quotes. Octets that are not
// UTF-8 text are not told from those that are: from 0x80 on they pass in logfmt and JSON alike
// only as \u00xx, so that every line is valid ASCII.
void append_escaped(std::string& to, std::string_view value) {
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (is_control(c) || !is_ascii(c)) {
      to += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      to += c;
    }
  }
}

bool plain(std::string_view value) noexcept {
  if (value.empty()) return false;
  for (const char c : value)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f || !is_ascii(c)) return false;
  return true;
}

std::string timestamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t unix_seconds = seconds.time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&unix_seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (time - seconds).count());
}

void write_to_stderr(std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, lines.data(), lines.size());
    if (n <= 0) return;  // there is nobody left to tell
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
}

constexpr std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

}  // namespace

std::optional<Level> parse_level(std::string_view name) noexcept {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error})
    if (name == name_of(level)) return level;
  return std::nullopt;
}

Entry::Entry(Logger* logger, Level level, std::string_view event) : logger_(logger), level_(level) {
  if (logger_ == nullptr) return;
  line_.reserve(kUsualLine);
  if (logger_->format_ == Format::json) line_ = '{';
  with("time", timestamp(logger_->clock_.now()));
  with("level", name_of(level));
  with("process", logger_->process_);
  with("event", event);
}

Entry::Entry(Entry&& other) noexcept
    : logger_(std::exchange(other.logger_, nullptr)),
      level_(other.level_),
      kept_(other.kept_),
      line_(std::move(other.line_)) {}

Entry::~Entry() {
  if (logger_ == nullptr) return;
  line_ += logger_->format_ == Format::json ? "}\n" : "\n";
  logger_->write(level_, line_, kept_);
}

void Entry::name(std::string_view key) {
  if (logger_->format_ == Format::json) {
    if (line_.size() > 1) line_ += ',';
    line_ += '"';
    line_ += key;
    line_ += "\":";
  } else {
    if (!line_.empty()) line_ += ' ';
    line_ += key;
    line_ += '=';
  }
}

Entry& Entry::with(std::string_view key, std::string_view value) {
  return text(key, value, kMaxValue);
}

Entry& Entry::text(std::string_view key, std::string_view value, std::size_t most) {
  if (logger_ == nullptr) return *this;
  name(key);
  if (logger_->format_ == Format::logfmt && value.size() <= most && plain(value)) {
    line_ += value;
    return *this;
  }
  line_ += '"';
  append_escaped(line_, value.substr(0, most));
  line_ += value.size() > most ? "...\"" : "\"";
  return *this;
}

Entry& Entry::raw(std::string_view key, std::string_view value) {
  if (logger_ == nullptr) return *this;
  name(key);
  line_ += value;
  return *this;
}

Logger::Logger(std::string process, Level level, Format format, const Clock& clock, Sink sink)
    : process_(std::move(process)),
      level_(level),
      format_(format),
      clock_(clock),
      sink_(sink ? std::move(sink) : Sink(&write_to_stderr)) {}

Logger::~Logger() { flush(); }

void Logger::set_buffered(bool buffered) {
  const std::lock_guard lock(mutex_);
  buffered_ = buffered;
  if (!buffered_) flush_locked();
}

void Logger::flush() {
  const std::lock_guard lock(mutex_);
  flush_locked();
  flush_kept_locked();
}

void Logger::keep_for(Sink trace) {
  const std::lock_guard lock(mutex_);
  flush_kept_locked();
  trace_ = std::move(trace);
  keeping_ = static_cast<bool>(trace_);
}

void Logger::flush_locked() {
  if (buffer_.empty()) return;
  sink_(buffer_);
  buffer_.clear();
}

void Logger::flush_kept_locked() {
  if (kept_.empty()) return;
  trace_(kept_);
  kept_.clear();
}

void Logger::write(Level level, std::string_view line, bool kept) {
  const std::lock_guard lock(mutex_);
  if (kept && keeping_) {
    kept_ += line;
    if (!buffered_ || kept_.size() >= kMaxBuffer) flush_kept_locked();
  }
  if (level < level_) return;
  buffer_ += line;
  if (!buffered_ || level >= Level::warning || buffer_.size() >= kMaxBuffer) flush_locked();
}

}  // namespace postrider::log
