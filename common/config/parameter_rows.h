// parameter_rows.h - what the rows of the table of parameters are written with.
#pragma once

#include "common/config/parameters.h"

namespace postrider::config::rows {

template <auto Section, auto Key>
auto& at(Settings& settings) {
  return settings.*Section.*Key;
}
template <auto Key>
auto& top(Settings& settings) {
  return settings.*Key;
}

using S = Settings;

}  // namespace postrider::config::rows
