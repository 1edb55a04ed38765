// A server that says anything at all: each transaction ends once, and the session ends.
#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/check.h"
#include "common/smtp/client_session.h"

using postrider::TlsLevel;
using postrider::smtp::ClientSession;
using postrider::smtp::Dialect;
using postrider::smtp::Outcome;
using postrider::smtp::Protocol;
using postrider::smtp::RecipientOutcome;
using postrider::smtp::TlsStart;

namespace {

enum class Handshake { done, failed };

// In one flight with the envelope, on a connection that was used before as well; in a chunk of its
// own, in several.
constexpr std::array<std::uint64_t, 4> kSizes{10, 10, ClientSession::kOneFlight + 1,
                                              2 * ClientSession::kChunk + 1};

bool is_untried(const RecipientOutcome& outcome) { return outcome.outcome == Outcome::untried; }

void converse(std::string_view input, TlsLevel level, Handshake handshake,
              const Dialect& dialect = {}) {
  static const postrider::sasl::Login login{"anna", postrider::Secret("secret")};
  ClientSession session("me.test", level, level == TlsLevel::encrypt ? &login : nullptr, dialect);
  int under_way = 0;
  std::size_t messages = 0;
  std::uint64_t announced = 0;
  bool sent_whole = false;  // the content, and whoever read it may have taken the message
  bool heard = false;       // a word since the transaction began
  bool lost = false;
  const auto drain = [&] {
    bool content_went = false;
    while (const auto action = session.next_action()) {
      if (std::holds_alternative<ClientSession::StartTls>(*action))
        handshake == Handshake::done ? session.on_secured({}) : session.on_tls_failed("bad record");
      if (std::holds_alternative<ClientSession::SendContent>(*action)) {
        sent_whole = content_went = true;
        session.on_content_sent();
      }
      if (const auto* chunk = std::get_if<ClientSession::SendChunk>(&*action)) {
        content_went = true;
        announced += chunk->octets;
        POSTRIDER_CHECK(announced <= kSizes[(messages - 1) % kSizes.size()]);
        sent_whole = announced == kSizes[(messages - 1) % kSizes.size()];
        session.on_content_sent();
      }
      if (const auto* done = std::get_if<ClientSession::Done>(&*action)) {
        POSTRIDER_CHECK(--under_way == 0 && done->outcomes.size() == 2);
        POSTRIDER_CHECK(!content_went);  // none goes out for what is over
        const bool any = std::any_of(done->outcomes.begin(), done->outcomes.end(), &is_untried);
        POSTRIDER_CHECK(!(lost && sent_whole && (messages == 1 || heard) && any));
      }
    }
  };
  const auto act = [&] {
    drain();
    if (!session.ready()) return;
    ++under_way;
    ++messages;
    announced = 0;
    sent_whole = heard = false;
    session.start({.sender = "s@x.test",
                   .recipients = {{"a@y.test", "", ""}, {"b@y.test", "", ""}},
                   .size = kSizes[(messages - 1) % kSizes.size()],
                   .eight_bit = true,
                   .priority = 4,
                   .tls_required = level == TlsLevel::verify,
                   .envid = "id",
                   .ret = "HDRS"});
    drain();
  };
  act();
  for (; !input.empty(); input.remove_prefix(std::min<std::size_t>(input.size(), 7))) {
    heard = true;
    session.on_bytes(input.substr(0, 7));
    act();
  }
  lost = true;
  session.on_closed(ClientSession::kIdleClose);
  act();
  POSTRIDER_CHECK(under_way == 0 && !session.ready());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  converse(input, TlsLevel::none, Handshake::done);
  converse(input, TlsLevel::none, Handshake::done, {.protocol = Protocol::lmtp});
  converse(input, TlsLevel::may, Handshake::failed);
  converse(input, TlsLevel::encrypt, Handshake::done);
  converse(input, TlsLevel::verify, Handshake::done);
  converse(input, TlsLevel::verify, Handshake::done, {.tls_start = TlsStart::implicit});
  return 0;
}
