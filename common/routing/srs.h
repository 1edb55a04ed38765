// srs.h - the Sender Rewriting Scheme: a reverse-path of ours that stands for a sender elsewhere.
//
//   SRS0=HASH=DAY=example.org=ann@our.test              for ann@example.org
//   SRS1=HASH=first.test==HASH=DAY=example.org=ann@...  for
//   SRS0=HASH=DAY=example.org=ann@first.test
//
// HASH is the beginning of an HMAC in base32, DAY the day in base32: nobody else can make such an
// address, and it ends with its time. SRS1 leads back to who wrote SRS0, past all in between; it
// has no day of its own, as SRS0 has one. Case is lost on the way now and then, and means nothing
// in hash and day. Pure.
//
// draft-mengwong-sender-rewrite, "The Sender Rewriting Scheme" (Mehl, 2004); the separator behind
// SRS0 and SRS1 may also be + or -. RFC 2104 (HMAC), RFC 4648 section 6 (base32).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/secret.h"

namespace postrider::routing {

class Srs {
 public:
  // 30 bits: whoever guesses right relays mail from <> to one address until its time is over.
  // smtpd.bad_recipient_limit slows guessing.
  static constexpr std::size_t kHash = 6;

  // The first of `secrets` (at least one) signs, each of them is believed.
  Srs(std::vector<Secret> secrets, std::string domain, std::chrono::seconds lifetime)
      : secrets_(std::move(secrets)), domain_(std::move(domain)), lifetime_(lifetime) {}

  // Whether `address` is one that this scheme makes, or wants to look like it.
  static bool is_rewritten(std::string_view address, std::string_view domain) noexcept;

  // `sender` in our domain; `sender` itself where that would be no address (RFC 5321
  // section 4.1.2): too long, or its domain is an address literal, or its local part needs quotes.
  std::string rewrite(std::string_view sender, WallTime now) const;
  // For whom the address stands. Invalid: nobody, and why, in words for a reply.
  Result<std::string> reverse(std::string_view address, WallTime now) const;

 private:
  bool is_signed(std::string_view hash, std::string_view text) const;
  Result<void> check_day(std::string_view day, WallTime now) const;

  std::vector<Secret> secrets_;
  std::string domain_;
  std::chrono::seconds lifetime_;
};

}  // namespace postrider::routing
