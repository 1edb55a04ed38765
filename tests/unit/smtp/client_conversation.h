// client_conversation.h - plays the owner of a ClientSession, and writes down what is asked of it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "common/base/overloaded.h"
#include "common/smtp/client_session.h"

namespace postrider::smtp::testing {

using Lines = std::vector<std::string>;

inline std::string name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered: return "delivered";
    case Outcome::deferred: return "deferred";
    case Outcome::failed: return "failed";
    case Outcome::untried: return "untried";
  }
  return "?";
}

inline std::string name_of(Chunking chunking) {
  switch (chunking) {
    case Chunking::untested: return "";
    case Chunking::taken: return " BDAT taken";
    case Chunking::refused: return " BDAT refused";
    case Chunking::lost: return " BDAT lost";
  }
  return "?";
}

// Whether the owner says that the content was sent, as soon as it is asked for it.
enum class Sending { at_once, never };

// Drains a session and writes down what it asked of its owner: "C: " and a command line as it was
// sent, "content", "chunk OCTETS", "unusable CODE", "done: outcome(CODE) ...", with "BDAT taken",
// "BDAT refused" or "BDAT lost" behind it, "close".
inline void drain(ClientSession& session, Lines& seen, Sending sending = Sending::at_once) {
  while (auto action = session.next_action()) {
    std::visit(Overloaded{
                   [&](const ClientSession::Send& send) {
                     std::string_view rest = send.bytes;
                     while (!rest.empty()) {
                       const std::size_t end = rest.find("\r\n");
                       REQUIRE(end != std::string_view::npos);
                       seen.push_back("C: " + std::string(rest.substr(0, end)));
                       rest.remove_prefix(end + 2);
                     }
                   },
                   [&](const ClientSession::SendContent&) {
                     seen.emplace_back("content");
                     if (sending == Sending::at_once) session.on_content_sent();
                   },
                   [&](const ClientSession::SendChunk& chunk) {
                     seen.push_back(fmt::format("chunk {}", chunk.octets));
                     if (sending == Sending::at_once) session.on_content_sent();
                   },
                   [&](const ClientSession::StartTls&) { seen.emplace_back("start TLS"); },
                   [&](const ClientSession::Done& done) {
                     std::string line = "done:";
                     for (const RecipientOutcome& o : done.outcomes)
                       line += fmt::format(" {}({})", name_of(o.outcome), o.reply.code);
                     seen.push_back(line + name_of(done.chunking.found));
                   },
                   [&](const ClientSession::Unusable& unusable) {
                     seen.push_back(fmt::format(
                         "unusable {}{}", unusable.reply.code,
                         unusable.fault == ClientSession::Fault::tls ? " for TLS" : ""));
                   },
                   [&](const ClientSession::Close&) { seen.emplace_back("close"); },
               },
               *action);
  }
}

inline ClientTransaction to(std::initializer_list<std::string> recipients) {
  ClientTransaction transaction;
  transaction.sender = "s@x.test";
  for (const std::string& address : recipients) transaction.recipients.push_back({address, "", ""});
  transaction.size = 100;
  return transaction;
}

inline constexpr std::string_view kPlain = "220 mx\r\n250 mx\r\n";
inline constexpr std::string_view kPipelining =
    "220 mx\r\n250-mx\r\n250-SIZE 1000\r\n250 PIPELINING\r\n";

// A session past its greeting, with the server's `hello`.
struct ClientConversation {
  explicit ClientConversation(std::string_view hello, Protocol protocol = Protocol::smtp)
      : session("me.test", TlsLevel::none, nullptr, {protocol}) {
    session.on_bytes(hello);
    drain(session, seen);
    REQUIRE(session.ready());
    seen.clear();
  }
  // What the session does with `transaction` when the server says `script`, in portions of `step`
  // octets; none goes beyond a 354 or a bar, where the server waits for the content.
  Lines run(ClientTransaction transaction, std::string_view script, std::size_t step = 1) {
    session.start(std::move(transaction));
    drain(session, seen, sending);
    while (!script.empty()) {
      std::string_view turn = script.substr(0, end_of_turn(script));
      script.remove_prefix(turn.size());
      if (script.starts_with('|')) script.remove_prefix(1);
      for (; !turn.empty(); turn.remove_prefix(std::min(step, turn.size()))) {
        session.on_bytes(turn.substr(0, step));
        drain(session, seen, sending);
      }
    }
    return std::exchange(seen, {});
  }
  // And when it says `bytes`, all at once.
  Lines hear(std::string_view bytes) {
    session.on_bytes(bytes);
    drain(session, seen, sending);
    return std::exchange(seen, {});
  }
  // And when there is silence, or the connection is gone.
  Lines time_out() {
    session.on_timeout();
    drain(session, seen);
    return std::exchange(seen, {});
  }
  Lines lose(std::chrono::microseconds since_start = {}) {
    session.on_closed(since_start);
    drain(session, seen);
    return std::exchange(seen, {});
  }
  static std::size_t end_of_turn(std::string_view script) {
    constexpr std::string_view kGo = "354 go\r\n";
    const std::size_t go = script.find(kGo);
    const std::size_t bar = std::min(script.find('|'), script.size());
    return go == std::string_view::npos ? bar : std::min(bar, go + kGo.size());
  }
  ClientSession session;
  Sending sending = Sending::at_once;
  Lines seen;
};

}  // namespace postrider::smtp::testing
