// Any octets as a message in a Maildir: what comes out for readers of old does not depend on where
// it is cut, is not many times what went in, and has a header in ASCII.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/base/utf8.h"
#include "common/message/downgrader.h"
#include "common/smtp/international_domain.h"

using namespace postrider;
using message::Downgrader;

namespace {

std::string downgraded(std::string_view message, std::size_t step) {
  Downgrader downgrader(smtp::to_a_labels);
  std::string out;
  for (; !message.empty(); message.remove_prefix(std::min(step, message.size())))
    downgrader.append(message.substr(0, step), out);
  downgrader.finish(out);
  return out;
}

bool has_ascii_header(std::string_view message) {
  while (!message.empty()) {
    const std::string_view line = message.substr(0, message.find('\n'));
    if (line.empty() || line == "\r") return true;
    if (!is_all_ascii(line)) return false;
    message.remove_prefix(std::min(line.size() + 1, message.size()));
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const std::string whole = downgraded(message, size + 1);
  // An octet that is no UTF-8 becomes nine characters, and a word has a frame.
  POSTRIDER_CHECK(whole.size() <= size * 40 + 200);
  POSTRIDER_CHECK(size > Downgrader::kMaxField || !is_utf8(message) || has_ascii_header(whole));
  for (const std::size_t step : {std::size_t{1}, size / 3 + 1})
    POSTRIDER_CHECK(downgraded(message, step) == whole);
  return 0;
}
