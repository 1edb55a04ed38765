// header.h - what the checks need to know of a message's header section, gathered as it arrives.
//
// RFC 5322 section 3.6 (which fields a header has, and how often), section 2.1.1 (lines).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/message/header_scanner.h"

namespace postrider::checks {

// The fields that a header has at most once (RFC 5322 section 3.6); the first two it must have.
inline constexpr std::array<std::string_view, 11> kSingleFields{
    "From", "Date",       "Sender",      "Reply-To",   "To",     "Cc",
    "Bcc",  "Message-ID", "In-Reply-To", "References", "Subject"};
inline constexpr std::size_t kRequiredFields = 2;
// The places of those that are asked for one by one.
inline constexpr std::size_t kFrom = 0, kDate = 1, kSender = 2, kMessageId = 7;

// The fields that a set of who has resent a message has at most once (RFC 5322 section 3.6.6).
inline constexpr std::array<std::string_view, 7> kResentFields{
    "Resent-From", "Resent-Sender", "Resent-Date",      "Resent-To",
    "Resent-Cc",   "Resent-Bcc",    "Resent-Message-ID"};

// Octets of a Message-ID that is kept: a line of RFC 5322 section 2.1.1.
inline constexpr std::size_t kMaxMessageId = 998;

// Addresses in From and Sender that are looked at: RFC 5322 section 3.6.2 has no limit.
inline constexpr std::size_t kMaxAuthors = 20;

struct HeaderFacts {
  std::uint64_t octets = 0;
  std::uint64_t fields = 0;
  std::uint64_t received = 0;                                // Received fields
  std::array<std::uint64_t, kSingleFields.size()> single{};  // how often each of kSingleFields
  std::uint64_t misfits = 0;          // lines that are neither a field nor a part of one
  std::uint64_t longest_line = 0;     // octets without CRLF
  std::uint64_t tls_required = 0;     // TLS-Required fields
  std::uint64_t tls_required_no = 0;  // and those of the one value that there is
  bool ascii = true;
  std::string message_id;  // of the first Message-ID, as written; empty: there is none, or too long
  // Where they are asked for: whom From and Sender name, and those of the first Resent fields,
  // which who sends the message on has added (RFC 5322 section 3.6.6), kMaxAuthors + 1 at most; and
  // whether From or Sender stands twice, or one is too long, or cannot be read for certain, or is a
  // sender with more than one address.
  std::vector<std::string> authors;
  bool authors_unclear = false;

  // One field, and one alone, says "TLS-Required: No" (RFC 8689 section 3).
  bool tls_not_required() const noexcept { return tls_required == 1 && tls_required_no == 1; }
};

class HeaderSurvey {
 public:
  enum class Authors : std::uint8_t { ignore, keep };
  explicit HeaderSurvey(Authors authors);
  HeaderSurvey(const HeaderSurvey&) = delete;
  HeaderSurvey& operator=(const HeaderSurvey&) = delete;

  // Looks at the next piece of content; does nothing once the header section is over.
  void feed(std::string_view content);
  // The message ended.
  void finish();

  bool over() const noexcept { return scanner_.done(); }
  const HeaderFacts& facts() const noexcept { return facts_; }

 private:
  void count(std::string_view name, std::string_view value);
  void keep_authors(std::string_view name, std::string_view value);
  bool is_of_first_set(std::string_view name);
  void update();

  const Authors authors_;
  std::array<bool, kResentFields.size()> resent_{};  // which the first set of them has
  bool first_set_over_ = false;
  HeaderFacts facts_;
  message::HeaderScanner scanner_;
};

}  // namespace postrider::checks
