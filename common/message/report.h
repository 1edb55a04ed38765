// report.h - composes delivery status notifications. Pure: values in, a message out.
//
// Three parts: what a person reads (notice.h), message/delivery-status for programs, and the
// original message or its header section. What came from outside stands sanitized in it: no line
// break, no control character, bounded.
//
// RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3461 (which reports, and of what),
// RFC 4865 (Future-Release-Request), RFC 6533 (addresses beyond ASCII), RFC 3834 (Auto-Submitted).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace postrider::message {

// The Action field, RFC 3464 section 2.3.3.
enum class ReportKind : std::uint8_t { failed, delayed, delivered, relayed, expanded };
std::string_view action_of(ReportKind kind) noexcept;

// Why a recipient is given up whom nobody has refused.
enum class GivenUp : std::uint8_t {
  no,
  expired,      // its time is over
  by_operator,  // of this server
};

// A server as senders are told of it: by its name, "mx.example.org[192.0.2.1]"; a mail store at a
// socket ("unix:/path", "lmtp:unix:/path") by these words alone, as the path is not for everyone.
inline constexpr std::string_view kMailStore = "mail store";
std::string_view name_for_senders(std::string_view server) noexcept;

struct ReportedRecipient {
  std::string address;             // where it went: Final-Recipient
  std::string orcpt;               // RFC 3461 ORCPT, as given; empty: none
  std::string status;              // enhanced status code, "5.1.1"; empty: it was never tried
  std::string reply;               // the words of `remote`, or our own
  std::string remote;              // "mx.example.org[192.0.2.1]", "unix:/path", which senders are
                                   // told of by name_for_senders(); empty: `reply` is our own
  std::string original = {};       // where it was sent to before aliases; empty: the same
  std::string command = {};        // what `reply` answers, "RCPT TO:<a@b>"; empty: not known
  GivenUp given_up = GivenUp::no;  // else `status` and `reply` are of the last attempt
};

struct ReportRequest {
  ReportKind kind = ReportKind::failed;
  std::string hostname;  // of this server: Reporting-MTA, From, Message-ID
  std::string id;        // makes the report's Message-ID unique: [0-9a-v]
  WallTime now;
  std::string sender;  // reverse-path of the original, to whom the report goes; not empty
  std::string envid;   // RFC 3461 ENVID, decoded; empty: none
  WallTime arrival;
  std::string release_request;  // RFC 4865: "for;3600", "until;2026-11-21T20:38:18Z"; empty: none
  std::optional<WallTime> retry_until;        // of `delayed`
  std::vector<ReportedRecipient> recipients;  // at least one
  // It is itself a report of this server: `sender` is the postmaster here.
  bool double_bounce = false;
  bool smtputf8 = false;        // the original's header is beyond ASCII (RFC 6532)
  bool return_content = false;  // RFC 3461 RET=FULL; else the header section alone
  std::string_view
      original;  // CRLF lines, from its first octet; no more than kMaxReturned need be there
  std::uint64_t original_size = 0;  // octets of all of it
};

struct Report {
  std::string content;     // CRLF lines
  bool eight_bit = false;  // it holds octets beyond ASCII: BODY=8BITMIME
  bool smtputf8 = false;   // its header does: SMTPUTF8
};

// A larger original is returned without its body, and a longer header section is cut.
inline constexpr std::size_t kMaxReturned = 65536;
// Octets of a reply, or another value from outside, that a report repeats.
inline constexpr std::size_t kMaxReportedValue = 900;

Report compose(const ReportRequest& request);

}  // namespace postrider::message
