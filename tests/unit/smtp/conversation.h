// conversation.h - plays the owner of a ServerSession: answers its questions, keeps what it sends.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/overloaded.h"
#include "common/base/unique_function.h"
#include "common/smtp/server_session.h"
#include "tests/unit/smtp/fake_login.h"

namespace postrider::smtp::testing {

// BDAT and the octets of its chunk (RFC 3030 section 2).
inline std::string bdat(std::string_view chunk, bool last) {
  return "BDAT " + std::to_string(chunk.size()) + (last ? " LAST" : "") + "\r\n" +
         std::string(chunk);
}

struct Message {
  std::string sender;
  std::vector<std::string> recipients;
  std::string content;
  bool operator==(const Message&) const = default;
};

class Conversation {
 public:
  explicit Conversation(ServerSettings settings = {.hostname = "mx.test"})
      : settings_(std::move(settings)), session(settings_, settings_.offered) {
    act();
  }

  // What the policy and the spool would say.
  UniqueFunction<Reply(const Mailbox&)> on_sender = [](const Mailbox&) {
    return Reply{250, "2.1.0", "sender ok"};
  };
  UniqueFunction<Reply(const Mailbox&)> on_recipient = [](const Mailbox&) {
    return Reply{250, "2.1.5", "recipient ok"};
  };
  UniqueFunction<Reply(const Mailbox&)> on_address = [](const Mailbox& asked) {
    return Reply{250, "2.1.5", asked.str()};
  };
  UniqueFunction<Reply()> on_open = [] { return Reply{250, "2.0.0", "ok"}; };
  UniqueFunction<Reply()> on_commit = [] { return Reply{250, "2.0.0", "queued"}; };

  // Hands `bytes` over, `step` at a time, and gives what is said meanwhile.
  std::string say(std::string_view bytes, std::size_t step = std::string_view::npos) {
    for (std::size_t i = 0; i < bytes.size(); i += std::min(step, bytes.size())) {
      // In memory of its own, gone afterwards: a view kept too long is found.
      const std::string piece(bytes.substr(i, step));
      session.on_bytes(piece);
      act();
    }
    return heard();
  }

  // What was said since the last call.
  std::string heard() { return std::exchange(sent_, {}); }

  // Carries out all actions, answering each question once they are taken.
  void act() {
    do {
      while (auto action = session.next_action()) carry_out(*action);
    } while (!held_back && answer());
  }

  FakeLogin login;
  std::vector<Message> messages;  // committed
  std::vector<std::string> aborted;
  unsigned sends = 0;
  bool closed = false;
  bool held_back = false;  // questions stay open

 private:
  void carry_out(Action& action) {
    std::visit(Overloaded{
                   [&](const Send& send) { sent_ += send.bytes, ++sends; },
                   [&](const AskSender& ask) { verdict_ = on_sender(ask.sender); },
                   [&](const AskRecipient& ask) { verdict_ = on_recipient(ask.recipient); },
                   [&](const AskVerify& ask) { verdict_ = on_address(ask.mailbox); },
                   [&](const AskExpand& ask) { verdict_ = on_address(ask.list); },
                   [&](const OpenMessage&) { verdict_ = on_open(), content_.clear(); },
                   [&](const AppendMessage& append) { content_ += append.content; },
                   [&](const CommitMessage&) { commit(); },
                   [&](const AbortMessage& abort) { aborted.push_back(to_line(abort.reason)); },
                   [&](const BecomeClient& become) { told_ = become.told; },
                   [&](Authenticate& begin) { login.begin(std::move(begin)); },
                   [&](AuthResponse& response) { login.respond(std::move(response)); },
                   [&](const StartTls&) { handshake_ = true; },
                   [&](const Close&) { closed = true; },
               },
               action);
  }

  void commit() {
    verdict_ = on_commit();
    Message message{session.transaction().mail.sender.str(), {}, std::exchange(content_, {})};
    for (const RcptArguments& rcpt : session.transaction().recipients)
      message.recipients.push_back(rcpt.recipient.str());
    messages.push_back(std::move(message));
  }

  bool answer() {
    if (!session.waiting()) return false;
    if (std::exchange(handshake_, false)) {
      session.on_secured(login.binding());
      return true;
    }
    if (const auto told = std::exchange(told_, std::nullopt)) {
      session.on_client(*told, settings_.offered);
      return true;
    }
    if (login.answer(session)) return true;
    session.on_verdict(std::move(verdict_));
    return true;
  }

  ServerSettings settings_;
  Reply verdict_;
  bool handshake_ = false;
  std::optional<XclientArguments> told_;
  std::string content_;
  std::string sent_;

 public:
  ServerSession session;
};

}  // namespace postrider::smtp::testing
