#include "tests/fuzz/mutation.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace postrider::fuzz {

// What parsers of protocols look for, and the ends of what they count in.
static constexpr auto kOctets =
    std::to_array<char>({'\0', '\t', '\n', '\r', ' ', '"', '+', '.', '0', '9', ':', '<', '=', '>',
                         '@', '\\', '\x7f', '\x80', '\xff'});
static constexpr auto kWords = std::to_array<std::string_view>(
    {"\r\n", "\r\n.\r\n", "-1", "18446744073709551616", "\xc3\xbc"});
static constexpr std::uint64_t kMostChanges = 4;
static constexpr std::uint64_t kMostRepeats = 64;

std::string Mutation::next() {
  std::string input = any();
  for (std::uint64_t changes = 1 + random_.below(kMostChanges); changes > 0; --changes)
    change(input);
  input.resize(std::min(input.size(), kMaxSize));
  return input;
}

// Half of all ranges are short.
Mutation::Range Mutation::any_range(const std::string& text) {
  const std::size_t from = random_.below(text.size() + 1);
  const std::size_t rest = text.size() - from;
  const std::size_t most = random_.below(2) == 0 ? std::min<std::size_t>(rest, 8) : rest;
  return {from, random_.below(most + 1)};
}

void Mutation::change(std::string& input) {
  const Range range = any_range(input);
  const std::size_t at = range.from;
  switch (random_.below(7)) {
    case 0: input.erase(at, range.size); break;
    case 1: input.insert(at, kWords[random_.below(kWords.size())]); break;
    case 2: input.insert(at, 1, static_cast<char>(random_.below(256))); break;
    case 3:
      if (at < input.size()) input[at] = kOctets[random_.below(kOctets.size())];
      break;
    case 4:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random_.below(8)));
      break;
    case 5: {
      const std::string& other = any();
      const Range part = any_range(other);
      input.replace(at, range.size, other, part.from, part.size);
      break;
    }
    default: {
      const std::string part = input.substr(at, range.size);
      for (std::uint64_t n = random_.below(kMostRepeats); n > 0 && input.size() < kMaxSize; --n)
        input.insert(at, part);
    }
  }
}

}  // namespace postrider::fuzz
