// A PROXY header in two portions: what is read does not depend on where they are cut, and nothing
// that follows the header is taken.
#include <cstdint>

#include "common/base/check.h"
#include "common/net/proxy_header.h"

using postrider::net::ProxyHeaderReader;
using Step = ProxyHeaderReader::Step;

// `taken`: octets of the header.
static Step read(ProxyHeaderReader& reader, std::string_view input, std::size_t cut,
                 std::size_t& taken) {
  std::string_view first = input.substr(0, cut);
  Step step = reader.take(first);
  taken = cut - first.size();
  if (step != Step::incomplete) return step;
  POSTRIDER_CHECK(first.empty());
  std::string_view second = input.substr(cut);
  step = reader.take(second);
  taken = input.size() - second.size();
  return step;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ProxyHeaderReader whole;
  std::size_t taken = 0;
  const Step step = read(whole, input, size, taken);
  POSTRIDER_CHECK(taken <= ProxyHeaderReader::kMaxHeader);
  POSTRIDER_CHECK((step == Step::bad) != whole.defect().empty());
  for (const std::size_t cut : {std::size_t{0}, size / 3, size / 2}) {
    ProxyHeaderReader reader;
    std::size_t also_taken = 0;
    POSTRIDER_CHECK(read(reader, input, cut, also_taken) == step);
    POSTRIDER_CHECK(step == Step::bad || also_taken == taken);
    POSTRIDER_CHECK(reader.header().address == whole.header().address);
  }
  return 0;
}
