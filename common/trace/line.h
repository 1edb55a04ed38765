// line.h - reads a line as common/log writes it, in either form. Pure.
//
//   logfmt = pair *( SP pair )                 json = "{" member *( "," member ) "}"
//   pair   = key "=" ( quoted / plain )        member = DQUOTE key DQUOTE ":" ( quoted / plain )
//   key    = 1*64( "a".."z" / "0".."9" / "_" )
//   quoted = DQUOTE *( printable but DQUOTE and "\" / "\" DQUOTE / "\\" / "\u00" 2HEXDIG ) DQUOTE
//   plain  = 1*( printable but SP DQUOTE "=" "\"; in JSON but "," and "}" as well )
//
// The first pairs are time, level, process and event, in this order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace postrider::trace {

// Beyond, a line is passed over.
inline constexpr std::size_t kMaxLine = 32768;
inline constexpr std::size_t kMaxPairs = 64;
inline constexpr std::size_t kMaxKey = 64;

// What a line says, as views of it.
struct Line {
  WallTime time;
  std::string_view level;
  std::string_view process;
  std::string_view event;
  std::string_view rest;  // all that follows the event, as it stands there
};

// Nothing where `text`, without its line break, is none.
std::optional<Line> parse_line(std::string_view text);

// A key and its value, as they were given to the log; a value that it has cut ends in "...".
using Values = std::vector<std::pair<std::string, std::string>>;

// Of Line::rest. Nothing where it is none.
std::optional<Values> parse_values(std::string_view rest);

// An event, as it is kept and shown.
struct Event {
  WallTime time;
  std::string process;
  std::string name;
  Values values;

  bool operator==(const Event&) const = default;
};
std::optional<Event> parse_event(std::string_view text);

}  // namespace postrider::trace
