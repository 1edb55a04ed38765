// The same content and end, whole or in pieces. The first octet says how large the pieces are, and
// whether they are chunks.
#include <string>

#include "common/base/check.h"
#include "common/smtp/data_reader.h"

using postrider::smtp::DataReader;

static constexpr std::size_t kLine = 60;  // short, so that inputs reach beyond it

static std::string read(DataReader& reader, std::string_view input) {
  std::string content;
  while (!input.empty() && !reader.finished()) content += reader.read(input);
  return content;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool chunks = (data[0] & 0x80) != 0;
  const std::size_t step = (data[0] & 0x7f) + std::size_t{1};
  const auto framing = chunks ? DataReader::Framing::chunks : DataReader::Framing::dots;
  DataReader whole(kLine, framing);
  DataReader pieces(kLine, framing);
  const std::string expected = read(whole, bytes);
  std::string seen;
  for (std::size_t i = 0; i < bytes.size(); i += step) seen += read(pieces, bytes.substr(i, step));
  if (chunks) {
    POSTRIDER_CHECK(!whole.finished());
    whole.end();
    pieces.end();
    POSTRIDER_CHECK(whole.defect() != DataReader::Defect::none || expected == bytes);
  }
  POSTRIDER_CHECK(whole.finished() == pieces.finished() && whole.defect() == pieces.defect());
  POSTRIDER_CHECK(whole.defect() != DataReader::Defect::none || expected == seen);
  return 0;
}
