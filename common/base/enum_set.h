// enum_set.h - a set of an enumeration's values, as a mask: for tables that say what goes where.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace postrider {

// The enumeration's values are 0 to 31.
template <typename Enum>
class EnumSet {
 public:
  constexpr EnumSet(std::initializer_list<Enum> values) {
    for (const Enum value : values) bits_ |= bit(value);
  }
  constexpr bool contains(Enum value) const { return (bits_ & bit(value)) != 0; }

 private:
  static constexpr std::uint32_t bit(Enum value) { return 1U << static_cast<unsigned>(value); }
  std::uint32_t bits_ = 0;
};

}  // namespace postrider
