// The same content and end, whole or cut in two.
#include <string>

#include "common/base/check.h"
#include "common/smtp/data_reader.h"

using postrider::smtp::DataReader;

static std::string read(DataReader& reader, std::string_view input) {
  std::string content;
  while (!input.empty() && !reader.finished()) content += reader.read(input);
  return content;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = size == 1 ? 0 : data[0] % size;
  DataReader whole;
  DataReader halves;
  const std::string expected = read(whole, bytes);
  std::string seen = read(halves, bytes.substr(0, cut));
  seen += read(halves, bytes.substr(cut));
  POSTRIDER_CHECK(whole.finished() == halves.finished() && whole.defect() == halves.defect());
  POSTRIDER_CHECK(whole.defect() != DataReader::Defect::none || expected == seen);
  return 0;
}
