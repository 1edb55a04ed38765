// Any octets, however cut: the session keeps its promises and its memory. The first octet says how,
// and whether it speaks LMTP.
#include <string_view>

#include "common/base/check.h"
#include "tests/unit/smtp/conversation.h"

// A line ends with CRLF and nothing else.
static bool is_text(std::string_view content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    const bool after_cr = i > 0 && content[i - 1] == '\r';
    if (content[i] == '\0' || (content[i] == '\n') != after_cr) return false;
  }
  return !content.ends_with('\r');
}

using postrider::smtp::CommandReader;
using postrider::smtp::Protocol;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool lmtp = (data[0] & 0x80) != 0;
  postrider::smtp::ServerSettings settings{.hostname = "mx.test", .message_size_limit = 1000};
  settings.protocol = lmtp ? Protocol::lmtp : Protocol::smtp;
  settings.offered.xclient = true;
  settings.offered.auth = settings.offered.auth_in_clear = true;
  settings.offered.future_release = true;
  settings.offered.future_release_max = std::chrono::hours{1};
  postrider::smtp::test::Conversation conversation(settings);
  conversation.say(bytes, (data[0] & 0x7f) + std::size_t{1});
  POSTRIDER_CHECK(conversation.session.unprocessed() < CommandReader::kAuthLine);
  for (const auto& message : conversation.messages)
    POSTRIDER_CHECK(message.content.size() <= 1000 && is_text(message.content));
  return 0;
}
