// A server that says anything at all: each transaction ends once, and the session ends.
#include <cstdint>

#include "common/base/check.h"
#include "common/smtp/client_session.h"

using postrider::TlsLevel;
using postrider::smtp::ClientSession;

namespace {

enum class Handshake { done, failed };

void converse(std::string_view input, TlsLevel level, Handshake handshake) {
  static const postrider::sasl::Login login{"anna", postrider::Secret("secret")};
  ClientSession session("me.test", level, level == TlsLevel::encrypt ? &login : nullptr);
  int under_way = 0;
  const auto act = [&] {
    while (const auto action = session.next_action()) {
      if (std::holds_alternative<ClientSession::StartTls>(*action))
        handshake == Handshake::done ? session.on_secured({}) : session.on_tls_failed("bad record");
      if (std::holds_alternative<ClientSession::SendContent>(*action)) session.on_content_sent();
      if (const auto* done = std::get_if<ClientSession::Done>(&*action)) {
        POSTRIDER_CHECK(--under_way == 0 && done->outcomes.size() == 2);
      }
    }
    if (!session.ready()) return;
    ++under_way;
    session.start({.sender = "s@x.test",
                   .recipients = {{"a@y.test", "", ""}, {"b@y.test", "", ""}},
                   .size = 10,
                   .eight_bit = true,
                   .priority = 4,
                   .tls_required = level == TlsLevel::verify,
                   .envid = "id",
                   .ret = "HDRS"});
  };
  for (; !input.empty(); input.remove_prefix(std::min<std::size_t>(input.size(), 7))) {
    session.on_bytes(input.substr(0, 7));
    act();
  }
  session.on_closed();
  act();
  POSTRIDER_CHECK(under_way == 0 && !session.ready());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  converse(input, TlsLevel::none, Handshake::done);
  converse(input, TlsLevel::may, Handshake::failed);
  converse(input, TlsLevel::encrypt, Handshake::done);
  converse(input, TlsLevel::verify, Handshake::done);
  return 0;
}
