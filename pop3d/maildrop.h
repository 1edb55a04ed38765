// maildrop.h - a mailbox as one POP3 session sees it: message-numbers, and which are marked as
// deleted (RFC 1939 section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/maildir/listing.h"

namespace postrider::pop3d {

class Maildrop {
 public:
  // `listing` outlives the Maildrop.
  Maildrop(const maildir::Listing& listing, maildir::Form form);

  // Of the messages that are not marked.
  std::size_t count() const noexcept { return count_; }
  std::uint64_t octets() const noexcept { return octets_; }
  // Of one message, as it is sent.
  std::uint64_t octets(std::size_t message) const { return listing_.octets(message, form_); }

  // The message that a message-number names ("1" is the first), unless it is marked or there is
  // none.
  std::optional<std::size_t> find(std::string_view message_number) const;
  // The first message at or after `from` that is not marked.
  std::optional<std::size_t> next(std::size_t from) const;

  // Precondition: `message` is not marked.
  void mark(std::size_t message);
  void unmark_all();
  std::vector<std::size_t> marked() const;

  const maildir::Listing& listing() const noexcept { return listing_; }

 private:
  const maildir::Listing& listing_;
  maildir::Form form_;
  std::vector<bool> marked_;
  std::size_t count_ = 0;
  std::uint64_t octets_ = 0;
  std::uint64_t all_octets_ = 0;  // of all messages, marked or not: RSET asks no name again
};

// message-number = nonzero-digit *digit, and TOP's number of lines = digit *digit; nothing for
// anything else, and for what does not fit into 64 bits.
std::optional<std::uint64_t> parse_message_number(std::string_view text) noexcept;
std::optional<std::uint64_t> parse_line_count(std::string_view text) noexcept;

}  // namespace postrider::pop3d
