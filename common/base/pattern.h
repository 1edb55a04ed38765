// pattern.h - names with wildcards, as people write them: * stands for any characters, none
// included, and ? for one. Pure.
#pragma once

#include <string_view>

namespace postrider {

// Whether all of `text` fits. ASCII letters match in either case. Takes at most the product of both
// lengths.
bool matches_pattern(std::string_view pattern, std::string_view text) noexcept;

}  // namespace postrider
