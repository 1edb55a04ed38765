// Any octets as what a program hands to sendmail: the content has CRLF lines and one header end.
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "ctl/outgoing_message.h"
#include "ctl/terminal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ctl::OutgoingMessage message = ctl::prepare(
      text, {.dot_ends = size % 2 == 0, .read_recipients = true, .from = "ada@example.org"});
  POSTRIDER_CHECK(message.content.ends_with("\r\n"));
  POSTRIDER_CHECK(message.content.find("\r\n\r\n") != std::string::npos);
  for (std::size_t at = 0; (at = message.content.find('\n', at)) != std::string::npos; ++at)
    POSTRIDER_CHECK(at > 0 && message.content[at - 1] == '\r');
  for (const std::string& recipient : message.recipients)
    for (const char c : ctl::printable(recipient)) POSTRIDER_CHECK(c != '\x1b' && c != '\n');
  return 0;
}
