// terminal.h - text and tables for people; what came from outside cannot control the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace postrider::ctl {

// `text` with control characters, C1 controls, and octets that are not UTF-8 as \xNN.
std::string printable(std::string_view text);

// Rows of cells in columns that are as wide as their widest cell; the last column is not padded.
// Cells are made printable.
std::string table(const std::vector<std::vector<std::string>>& rows);

// `text` in lines of at most `width` characters, broken at spaces; what follows the first begins
// with four spaces. A word that is longer stays whole. 0: one line. Ends in a line break.
std::string wrapped(std::string_view text, std::size_t width);

// Characters in a line of the terminal that standard output is; 0: it is none.
std::size_t terminal_width();

// "2026-11-21T20:38:18Z"; "" for 0.
std::string iso_time(std::int64_t us_since_1970);

// The largest unit that fits: "42s", "17m", "3h", "2d".
std::string short_duration(std::chrono::microseconds span);

// "512B", "4.1KiB", "50.0MiB".
std::string short_size(std::uint64_t octets);

}  // namespace postrider::ctl
