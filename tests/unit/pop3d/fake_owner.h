// fake_owner.h - carries out a Session's actions at once, with mail that is in memory.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/overloaded.h"
#include "common/maildir/line_ends.h"
#include "common/maildir/listing.h"
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

  // Carries out what `session` asks until it has nothing more, and returns what it sent; "<close>"
  // stands for the end of the connection.
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
  std::size_t failures_to_remove = 0;
  std::size_t portion_octets = 1'000'000;
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
                          [&](const OpenMessage& open) {
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
    using postrider::pop3d::LoginRefusal;
    const bool right = login.user == account_.user && login.password.reveal() == account_.password;
    if (refuse_login) return session.on_login_refused(*refuse_login);
    if (!right) return session.on_login_refused(LoginRefusal::credentials);
    session.on_login_accepted(listing_);
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
  std::string rest_;
  std::size_t portions_ = 0;
};
