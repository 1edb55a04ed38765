// Any octets, however cut: the session keeps its promises and its memory. The first octet says what
// is configured, the second how the input is cut.
#include <algorithm>
#include <bitset>
#include <string_view>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "tests/unit/smtp/conversation.h"

using namespace postrider::smtp;

static constexpr std::uint64_t kMessageSize = 1000;

// A line ends with CRLF and nothing else.
static bool is_text(std::string_view content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    const bool after_cr = i > 0 && content[i - 1] == '\r';
    if (content[i] == '\0' || (content[i] == '\n') != after_cr) return false;
  }
  return !content.ends_with('\r');
}

static ServerSettings configured(unsigned char choices) {
  const std::bitset<8> chosen(choices);
  ServerSettings settings{.hostname = "mx.test", .message_size_limit = kMessageSize};
  settings.protocol = chosen[0] ? Protocol::lmtp : Protocol::smtp;
  settings.tls = chosen[1] ? chosen[2] ? Tls::implicit : Tls::starttls : Tls::none;
  settings.vrfy = settings.expn = chosen[3];
  settings.authentication_required = chosen[4];
  settings.recipient_domain_limit = chosen[5] ? 1 : 0;
  settings.message_limit = chosen[6] ? 1 : 0;
  settings.offered.auth_in_clear = !chosen[7];
  settings.offered.xclient = settings.offered.auth = true;
  settings.offered.future_release = true;
  settings.offered.future_release_max = std::chrono::hours{1};
  return settings;
}

// What every message that is accepted keeps to.
static void check_commit(const ServerSettings& settings, const ServerSession& session) {
  if (settings.authentication_required) {
    POSTRIDER_CHECK(!session.identity().empty());
    POSTRIDER_CHECK(session.secured() || settings.offered.auth_in_clear);
  }
  const auto& recipients = session.transaction().recipients;
  POSTRIDER_CHECK(!recipients.empty());
  const auto is_elsewhere = [&](const RcptArguments& rcpt) {
    return !postrider::equals_ignoring_case(rcpt.recipient.domain,
                                            recipients.front().recipient.domain);
  };
  if (settings.recipient_domain_limit == 1)
    POSTRIDER_CHECK(std::none_of(recipients.begin(), recipients.end(), is_elsewhere));
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ServerSettings settings = configured(data[0]);
  testing::Conversation conversation(settings);
  conversation.on_commit = [&] {
    check_commit(settings, conversation.session);
    return Reply{250, "2.0.0", "queued"};
  };
  conversation.say(bytes, data[1] + std::size_t{1});
  POSTRIDER_CHECK(conversation.session.unprocessed() < CommandReader::kAuthLine);
  POSTRIDER_CHECK(settings.message_limit == 0 || conversation.messages.size() <= 1);
  for (const auto& message : conversation.messages)
    POSTRIDER_CHECK(message.content.size() <= kMessageSize && is_text(message.content));
  return 0;
}
