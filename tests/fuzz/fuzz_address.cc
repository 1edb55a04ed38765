// What is accepted as a mailbox is written so that it reads as the same mailbox again.
#include "common/base/check.h"
#include "common/smtp/address.h"

using namespace postrider::smtp;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Charset charset : {Charset::ascii, Charset::utf8}) {
    if (const auto mailbox = parse_mailbox(text, charset))
      POSTRIDER_CHECK(parse_mailbox(mailbox->str(), charset) == mailbox);
    std::string_view input = text;
    static_cast<void>(take_forward_path(input, charset));
  }
  return 0;
}
