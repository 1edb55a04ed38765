// A driver that reads where an octet of its input says, behind the end as well: proves that
// replay.cc finds what is to be found, and leaves the input that finds it.
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || data[0] != 'D' || data[1] != '=') return 0;
  const volatile std::uint8_t read = data[data[2]];
  static_cast<void>(read);
  return 0;
}
