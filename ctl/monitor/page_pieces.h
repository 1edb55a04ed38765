// page_pieces.h - what the sections of the status page are made of. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "ctl/monitor/html.h"

namespace postrider::ctl {

// Rows of a table; the command shows all.
inline constexpr std::size_t kPageRows = 20;

// What stands where a number is not known.
inline constexpr std::string_view kUnknown = "–";

// "42m", of a time in microseconds since 1970; kUnknown for 0.
std::string since(std::int64_t us, WallTime now);
// "in 12m", or "now" where it is over; kUnknown for 0.
std::string until(std::int64_t us, WallTime now);
// "1 234 567", with narrow spaces that do not break.
std::string grouped(std::uint64_t number);
// "1 message", "3 messages".
std::string counted(std::uint64_t number, std::string_view what);

// A section that says in a line that there is nothing.
Html section_without(std::string_view title, std::string_view none);
// A section with a table up to its row of heads, which is to be ended. `also` stands behind the
// title; `style` is a class of the style sheet, or empty.
Html table_head(std::string_view title, std::string_view also, std::string_view style);
// Ends what table_head() has begun.
Html table_end();
// A server's words, as they are.
Html words(std::string_view text);
// Of our own text: what stands between backticks is to be typed.
Html with_commands(std::string_view text);

}  // namespace postrider::ctl
