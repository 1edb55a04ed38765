// fake_owner.h - carries out a Session's actions at once, with mail that is in memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/overloaded.h"
#include "common/maildir/line_ends.h"
#include "common/maildir/listing.h"
#include "common/sasl/apop.h"
#include "common/sasl/server_exchange.h"
#include "pop3d/session.h"

struct Account {
  std::string user = "ann";
  std::string password = "secret";
};

class FakeOwner {
 public:
  // `messages` have LF line ends; their unique-ids are "1.a.h", "2.a.h", ...
  explicit FakeOwner(std::vector<std::string> messages = {}, Account account = {})
      : messages_(std::move(messages)), account_(std::move(account)) {
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      postrider::maildir::WireSize size;
      size.append(messages_[i]);
      listing_.add(postrider::maildir::Folder::in_new, std::to_string(i + 1) + ".a.h",
                   static_cast<std::int64_t>(i + 1), size.octets());
    }
    listing_.finish();
  }

  // Carries out what `session` asks until it has nothing more, and returns what it sent; "<tls>"
  // stands for a handshake, "<close>" for the end of the connection.
  std::string drain(postrider::pop3d::Session& session) {
    std::string wire;
    while (auto action = session.next_action()) wire += act(session, *action);
    return wire;
  }

  // What `session` answers to `line`.
  std::string command(postrider::pop3d::Session& session, const std::string& line) {
    session.on_bytes(line + "\r\n");
    return drain(session);
  }

  std::vector<std::size_t> removed;
  std::optional<postrider::pop3d::LoginRefusal> refuse_login;
  std::optional<std::chrono::seconds> retention;  // of the mailbox alone
  std::size_t failures_to_remove = 0;
  std::size_t portion_octets = 1'000'000;
  postrider::sasl::Binding binding = postrider::sasl::Binding::none;  // of the handshake
  bool opened_as_utf8 = false;                                        // the last message
  // The message cannot be read after that many portions.
  std::size_t portions_before_trouble = 1'000'000;

 private:
  std::string act(postrider::pop3d::Session& session, postrider::pop3d::Action& action) {
    using namespace postrider::pop3d;
    return std::visit(postrider::Overloaded{
                          [](Send& send) { return std::move(send.bytes); },
                          [&](Login& login) {
                            judge(session, login);
                            return std::string();
                          },
                          [&](const Apop& login) {
                            const postrider::Secret secret(account_.password);
                            judge(
                                session, login.user,
                                postrider::sasl::apop_fits(login.timestamp, secret, login.digest));
                            return std::string();
                          },
                          [&](Authenticate& begin) {
                            exchange_ = std::make_unique<postrider::sasl::ServerExchange>(
                                begin.mechanism, postrider::ChannelBindings{});
                            go_on(session, exchange_->begin(std::move(begin.initial)));
                            return std::string();
                          },
                          [&](AuthResponse& response) {
                            go_on(session, exchange_->on_response(std::move(response.octets)));
                            return std::string();
                          },
                          [&](const StartTls&) {
                            session.on_secured(binding);
                            return std::string("<tls>");
                          },
                          [&](const OpenMessage& open) {
                            opened_as_utf8 = open.form == postrider::maildir::Form::original;
                            rest_ = wire_of(open);
                            portions_ = 0;
                            give_portion(session);
                            return std::string();
                          },
                          [&](const ReadMessage&) {
                            give_portion(session);
                            return std::string();
                          },
                          [&](const RemoveMessages& remove) {
                            removed = remove.messages;
                            session.on_removed(failures_to_remove);
                            return std::string();
                          },
                          [](const Close&) { return std::string("<close>"); },
                      },
                      action);
  }

  void judge(postrider::pop3d::Session& session, const postrider::pop3d::Login& login) {
    judge(session, login.user, login.password.reveal() == account_.password);
  }

  void judge(postrider::pop3d::Session& session, const std::string& user, bool right) {
    using postrider::pop3d::LoginRefusal;
    if (refuse_login) return session.on_login_refused(*refuse_login);
    if (!right || user != account_.user) return session.on_login_refused(LoginRefusal::credentials);
    session.on_login_accepted(listing_, retention);
  }

  void go_on(postrider::pop3d::Session& session, postrider::sasl::Step step) {
    using namespace postrider::sasl;
    using postrider::pop3d::LoginRefusal;
    std::visit(postrider::Overloaded{
                   [&](const Challenge& challenge) { session.on_challenge(challenge.octets); },
                   [&](const AskPassword& ask) {
                     judge(session, ask.user, ask.password.reveal() == account_.password);
                   },
                   [&](const AskKeys& ask) { go_on(session, exchange_->on_keys(known(ask.user))); },
                   [&](const Proven&) { judge(session, exchange_->user(), true); },
                   [&](const Refused& refused) {
                     session.on_login_refused(refused.why == Refused::Why::malformed
                                                  ? LoginRefusal::malformed
                                                  : LoginRefusal::credentials);
                   },
               },
               step);
  }

  postrider::sasl::ScramUser known(const std::string& user) const {
    constexpr unsigned kIterations = 2;
    postrider::sasl::ScramUser scram{"salt of 16 octets", kIterations, {}};
    const postrider::Secret password(account_.password);
    if (user == account_.user)
      scram.keys.push_back(
          *postrider::sasl::derive_scram_keys(password, scram.salt, scram.iterations));
    return scram;
  }

  std::string wire_of(const postrider::pop3d::OpenMessage& open) const {
    std::string wire;
    postrider::maildir::ToWire to_wire(open.body_lines);
    to_wire.append(messages_[open.message], wire);
    to_wire.finish(wire);
    return wire;
  }

  void give_portion(postrider::pop3d::Session& session) {
    using postrider::pop3d::More;
    if (portions_++ >= portions_before_trouble) return session.on_message_unavailable();
    std::string portion = rest_.substr(0, portion_octets);
    rest_.erase(0, portion.size());
    session.on_portion(std::move(portion), rest_.empty() ? More::no : More::yes);
  }

  std::vector<std::string> messages_;
  Account account_;
  postrider::maildir::Listing listing_;
  std::unique_ptr<postrider::sasl::ServerExchange> exchange_;
  std::string rest_;
  std::size_t portions_ = 0;
};
