// to_toml.h - a parameter's value as TOML: what assign() reads back.
#pragma once

#include <string>

#include "common/config/parameters.h"

namespace postrider::config {

// The parameter's value in `settings`.
std::string to_toml(const Parameter& parameter, Settings settings);

// Its values are strings in TOML.
bool is_string(const Parameter& parameter) noexcept;

// The parameter's default.
std::string default_toml(const Parameter& parameter);

}  // namespace postrider::config
