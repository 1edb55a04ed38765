// ledger.h - what the world outside knows: the messages it sent, and what it was told of each.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace postrider::crash {

struct Letter {
  std::string id;  // of the spool, once it was begun
  std::vector<std::string> recipients;
  std::string content;  // CRLF lines; no two letters have the same
};

struct Fact {
  enum class Kind : std::uint8_t {
    accepted,  // the client saw 250
    refused,   // the client saw 4xx
    relayed,   // another server took it for `recipient`
    deleting,  // the operator asked for it to be deleted
    deleted,   // the operator was told that it is gone
    wanted,    // the operator was told that it is no longer to be deleted
  };
  Kind kind = Kind::accepted;
  std::size_t letter = 0;
  std::string recipient;
  std::size_t position = 0;  // operations of the disk before it
};

// Letters are of sender@local.test, so that reports come to a mailbox here.
inline constexpr const char* kSender = "sender@local.test";

class Ledger {
 public:
  // A letter of `octets` or a little more. "never@..." and "told@..." become addresses of this
  // letter alone, so that a report tells of which letter it is. Of a "told" one its sender wants to
  // know when it was delivered (RFC 3461).
  std::size_t add(std::vector<std::string> recipients, std::size_t octets);

  void note(Fact::Kind kind, std::size_t letter, std::string recipient = {});
  // How often it was noted; an empty recipient stands for any.
  std::size_t count(Fact::Kind kind, std::size_t letter, const std::string& recipient = {}) const;

  std::vector<Letter>& letters() noexcept { return letters_; }
  const std::vector<Letter>& letters() const noexcept { return letters_; }
  const std::vector<Fact>& facts() const noexcept { return facts_; }

  // As if it had never been noted.
  void forget(Fact::Kind kind);

  // Positions count from here; what was noted before stays whatever becomes of the new life.
  void begin_life();
  // As it stood when the disk had seen `position` operations.
  Ledger at(std::size_t position) const;

 private:
  std::vector<Letter> letters_;
  std::vector<Fact> facts_;
};

}  // namespace postrider::crash
