// However the content is cut, the wire is the same and no end of data stands inside it.
#include <cstdint>

#include "common/base/check.h"
#include "common/smtp/dot_stuffer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postrider::smtp::DotStuffer;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  std::string whole, cut;
  DotStuffer one, two;
  one.append(content, whole);
  one.finish(whole);
  two.append(content.substr(0, size / 3), cut);
  two.append(content.substr(size / 3), cut);
  two.finish(cut);
  POSTRIDER_CHECK(whole == cut);
  POSTRIDER_CHECK(("\r\n" + whole).find("\r\n.\r\n") + 3 == whole.size());
  return 0;
}
