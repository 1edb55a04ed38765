// client_session_cases.h - dialogues of a ClientSession behind its envelope, as tables.
#pragma once

#include "tests/unit/smtp/client_conversation.h"

namespace postrider::smtp::testing {

inline constexpr std::string_view kChunking =
    "220 mx\r\n250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n";

inline const Lines kEnvelope{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<a@y.test>",
                             "C: RCPT TO:<b@y.test>"};
inline const Lines kFlight{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<a@y.test>",
                           "C: RCPT TO:<b@y.test>", "C: BDAT 100 LAST", "chunk 100"};

struct Case {
  std::string script;
  Lines then;  // behind the envelope
};

inline ClientTransaction of_size(std::uint64_t size) {
  ClientTransaction transaction = to({"a@y.test", "b@y.test"});
  transaction.size = size;
  return transaction;
}

inline Lines behind(const Lines& envelope, const Lines& then) {
  Lines all = envelope;
  all.insert(all.end(), then.begin(), then.end());
  return all;
}

// Each case with its replies in portions of each size.
inline void check_all(std::string_view hello, Protocol protocol, std::uint64_t size,
                      const Lines& envelope, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.script);
    for (std::size_t step = 1; step <= c.script.size(); ++step) {
      ClientConversation conversation(hello, protocol);
      CHECK(conversation.run(of_size(size), c.script, step) == behind(envelope, c.then));
      CHECK(conversation.session.ready() == (c.then.back() != "close"));
    }
  }
}

}  // namespace postrider::smtp::testing
