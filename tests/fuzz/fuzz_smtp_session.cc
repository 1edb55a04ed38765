// Any octets, however cut: the session keeps its promises and its memory.
#include "common/base/check.h"
#include "tests/unit/smtp/conversation.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  postrider::smtp::test::Conversation conversation(
      {.hostname = "mx.test", .message_size_limit = 1000});
  conversation.say(bytes, data[0] + std::size_t{1});
  POSTRIDER_CHECK(conversation.session.unprocessed() < 1024);
  for (const auto& message : conversation.messages)
    POSTRIDER_CHECK(message.content.empty() || message.content.ends_with("\r\n"));
  return 0;
}
