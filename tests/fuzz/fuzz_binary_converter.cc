// Any octets as a message of BODY=BINARYMIME: what comes out does not depend on where it is cut,
// has no more than twice what went in, and is not converted again.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/message/binary_converter.h"

using namespace postrider;
using message::BinaryConverter;

namespace {

std::string converted(std::string_view message, std::size_t step, BinaryConverter& converter) {
  std::string lines;
  for (; !message.empty() && converter.defect() == BinaryConverter::Defect::none;
       message.remove_prefix(std::min(step, message.size())))
    lines += converter.feed(message.substr(0, step));
  return lines += converter.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  BinaryConverter whole;
  const std::string lines = converted(message, size, whole);
  if (whole.defect() != BinaryConverter::Defect::none) return 0;
  // 78 octets for 57, and for each part what its header says.
  POSTRIDER_CHECK(lines.size() <= size * 2 + 100);
  for (const std::size_t step : {std::size_t{1}, size / 3 + 1}) {
    BinaryConverter cut;
    POSTRIDER_CHECK(converted(message, step, cut) == lines);
  }
  BinaryConverter again;
  POSTRIDER_CHECK(converted(lines, lines.size() + 1, again) == lines);
  return 0;
}
