// settings.h - what the configuration file says, as values.
//
// Each member is declared once more, with its default, range and meaning, in parameters.cc: the one
// table from which parsing, checks, `postrider config` and the manual page come. This header holds
// no TOML and no text beyond the members' names.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/tls_level.h"

namespace postrider::config {

using std::chrono::seconds;

enum class SmtpMode : std::uint8_t { mx, submission, submissions, lmtp, local };
enum class Pop3Tls : std::uint8_t { none, starttls, implicit };
enum class PlaintextAuth : std::uint8_t { never, loopback, always };
// What follows when a check finds something.
enum class CheckAction : std::uint8_t { off, tag, defer, refuse };
enum class SyncMode : std::uint8_t { batch, each };

struct SmtpListener {
  std::string address;  // "127.0.0.1:20025"; of mode lmtp also, of local always, "unix:/path"
  SmtpMode mode = SmtpMode::mx;
  std::vector<std::string> mask;  // keywords of EHLO that are neither offered nor honoured
  bool proxy = false;             // each connection begins with a PROXY header
  bool operator==(const SmtpListener&) const = default;
};

inline constexpr std::string_view kUnixPrefix = "unix:";
// What stands after kUnixPrefix in an SmtpListener's address; nothing for a host and a port.
inline std::optional<std::string_view> unix_path(std::string_view address) noexcept {
  if (!address.starts_with(kUnixPrefix)) return std::nullopt;
  return address.substr(kUnixPrefix.size());
}

struct Pop3Listener {
  std::string address;
  Pop3Tls tls = Pop3Tls::starttls;
  bool proxy = false;  // as of SmtpListener
};

struct CertificateFiles {
  std::string certificate, key;  // paths
};

// Where mail goes instead of its own way. What is not said of sender and account matches all.
struct Route {
  std::string match;  // the recipient's domain, or ".example.org" for its subdomains, or "*"
  // "discard:", "hold:", or a next hop as is_next_hop() takes it (next_hops.h); or several:
  // the next is asked where one gives no session.
  std::vector<std::string> via;
  std::string sender;   // the sender's domain, in the forms of `match`
  std::string account;  // the user who has logged in, "ada@example.org", or the user's domain

  bool holds() const { return via.front() == "hold:"; }
};

struct TlsPolicy {
  std::string destination;  // as is_tls_destination() takes it (tls_policies.h)
  TlsLevel level = TlsLevel::may;
  std::vector<std::string> match;  // names that the certificate may have in place of the host's
  bool only_tls13 = false;
  bool operator==(const TlsPolicy&) const = default;
};

// So many in any period; 0: no limit.
struct Rate {
  std::uint64_t count = 0;
  seconds period{1};
  bool operator==(const Rate&) const = default;
};

// What the servers of a destination are asked to bear; 0: no limit of its own.
struct DestinationLimits {
  std::vector<std::string> domains;  // of recipients, as is_tls_destination() takes them
  std::vector<std::string> hosts;    // of servers, as is_limited_host() takes them
  std::uint64_t connections = 0;     // of all together
  std::uint64_t recipients = 0;      // of one message at a time
  Rate rate;                         // of messages to all together
  bool chunking = true;              // content goes by BDAT where that is offered
  bool operator==(const DestinationLimits&) const = default;

  // They count what goes to all of them.
  bool are_shared() const { return connections > 0 || rate.count > 0; }
};

struct Settings {
  std::string hostname;

  struct Paths {
    std::string spool, mail, data, run;
  } paths;

  struct Tls {
    std::string certificate, key;
    std::vector<CertificateFiles> additional;  // for other hosts' names
    std::string min_version;                   // "1.2" or "1.3"
    std::string ca_file;                       // path; empty: the system's authorities
    seconds handshake_timeout{};
  } tls;

  struct Smtpd {
    std::vector<SmtpListener> listen;
    std::uint64_t workers = 0;
    std::uint64_t message_size_limit = 0;  // octets
    std::uint64_t recipient_domain_limit = 0;
    std::uint64_t recipient_limit = 0;  // per message
    std::uint64_t line_limit = 0;       // octets of a command line with CRLF
    std::uint64_t text_line_limit = 0;  // octets of a line of the message with CRLF
    std::uint64_t header_limit = 0;     // octets of the header section
    std::uint64_t header_field_limit = 0;
    std::uint64_t received_limit = 0;       // Received fields before a loop is assumed
    std::uint64_t bad_command_limit = 0;    // then 421 and the connection is closed
    std::uint64_t bad_recipient_limit = 0;  // the same; 0: no limit
    std::uint64_t command_limit = 0;        // that bring no message nearer; the same
    std::uint64_t connection_limit = 0;     // per worker
    std::uint64_t busy_percent = 0;         // of connection_limit: slots are scarce from there on
    seconds busy_timeout{};                 // then a client that does not get on is ended
    std::uint64_t min_data_rate = 0;        // octets a second that are getting on
    // Of all workers together; 0: no limit. A network is a /24 or /64, a rate is for a minute.
    std::uint64_t connection_limit_per_address = 0;
    std::uint64_t connection_limit_per_network = 0;
    std::uint64_t connection_rate_per_address = 0;
    std::uint64_t connection_rate_per_network = 0;
    std::uint64_t error_limit = 0;  // of an address in an hour, before replies are held back
    seconds error_delay{};          // more for each error beyond
    seconds error_delay_max{};
    std::vector<std::string> unlimited_networks;  // for which none of these holds
    std::uint64_t message_limit = 0;              // messages per connection, 0 for no limit
    seconds command_timeout{};                    // RFC 5321 section 4.5.3.2.7
    seconds data_timeout{};
    std::vector<std::string> proxy_networks;              // proxies that are believed
    seconds proxy_timeout{};                              // for their header
    std::vector<std::string> xclient_networks;            // clients that may speak for others
    seconds future_release_max{};                         // 0: a message is sent at once
    std::string vrfy;                                     // "off" (252) or "on"
    std::string expn;                                     // "off" (502) or "on"
    PlaintextAuth plaintext_auth = PlaintextAuth::never;  // never or loopback
    std::string hide_clients;                             // in trace fields: "off" or "on"
    std::vector<std::string> denied_local_users;          // names of users of the host
  } smtpd;

  struct Checks {
    std::chrono::milliseconds greeting_delay{};  // of strangers
    seconds dns_timeout{};                       // while a reply to RCPT waits for DNS
    std::vector<std::string> order;              // names of checks that come first in their stage
    CheckAction early_talker{};
    CheckAction reverse_dns{};
    CheckAction helo_own_name{};
    CheckAction helo_literal{};
    CheckAction helo_name{};
    CheckAction sender_domain{};
    CheckAction sender_is_ours{};
    CheckAction sender_right{};
    CheckAction recipient_domain{};
    CheckAction quota{};
    CheckAction pipelining{};
    CheckAction null_sender{};
    CheckAction header_syntax{};
    CheckAction header_repeated{};
    CheckAction header_missing{};
    CheckAction author_right{};
  } checks;

  struct Spool {
    std::uint64_t segment_size = 0;   // octets after which a segment is sealed
    seconds segment_age{};            // or this long after its first record
    std::uint64_t large_message = 0;  // octets from which content has a file of its own
    std::uint64_t min_free = 0;       // octets that must stay free: below it 452
  } spool;

  struct Queue {
    seconds retry_interval{};
    std::vector<seconds> retry_schedule;  // empty: retry_interval always
    std::uint64_t retry_jitter = 0;       // percent of the interval, added or taken at random
    seconds lifetime{};
    seconds bounce_lifetime{};                  // of messages from <>
    seconds delay_warning{};                    // 0: none
    std::uint64_t active_limit = 0;             // messages in memory
    std::uint64_t destination_concurrency = 0;  // jobs under way for one destination
    std::uint64_t bounce_size_limit = 0;        // octets of the original that a bounce returns
    std::string double_bounces;                 // "postmaster" or "discard"
    seconds undo_time{};                        // of what an operator deletes
  } queue;

  // Of mail that an alias sends on to a domain that is not ours.
  struct Forward {
    std::string rewrite;     // its reverse-path: "srs" or "off"
    std::string domain;      // of rewritten reverse-paths; empty: hostname
    seconds srs_lifetime{};  // bounces to them are taken as long
  } forward;

  struct Relay {
    std::uint64_t port = 0;
    std::vector<std::string> networks;
    std::string smarthost;  // "", or as is_smarthost() takes it (next_hops.h)
    std::string smarthost_user;
    std::string smarthost_password_file;  // path; with smarthost_user
  } relay;

  std::vector<Route> routes;
  std::vector<TlsPolicy> tls_policies;
  std::vector<DestinationLimits> destinations;

  struct Dns {
    std::vector<std::string> servers;  // "127.0.0.1:20053"; empty: the system's
    seconds timeout{};                 // of one try
    std::uint64_t tries = 0;
  } dns;

  struct Deliverd {
    std::uint64_t local_workers = 0;
    std::uint64_t remote_workers = 0;
    SyncMode sync = SyncMode::batch;
    std::chrono::milliseconds sync_interval{};
    std::string over_quota;  // "defer" or "refuse"
    std::uint64_t connections_per_host = 0;
    std::uint64_t messages_per_connection = 0;
    std::uint64_t hosts_per_attempt = 0;  // MX hosts tried in one attempt
    seconds connect_timeout{};
    seconds idle_timeout{};      // a connection is kept this long without work
    seconds greeting_timeout{};  // RFC 5321 section 4.5.3.2
    seconds command_timeout{};
    seconds data_block_timeout{};
    seconds data_end_timeout{};
  } deliverd;

  struct Pop3d {
    std::vector<Pop3Listener> listen;
    std::uint64_t workers = 0;
    PlaintextAuth plaintext_auth = PlaintextAuth::loopback;
    std::uint64_t connection_limit = 0;  // per worker
    // As in Smtpd.
    std::uint64_t connection_limit_per_address = 0;
    std::uint64_t connection_limit_per_network = 0;
    std::uint64_t connection_rate_per_address = 0;
    std::uint64_t connection_rate_per_network = 0;
    std::vector<std::string> unlimited_networks;
    std::uint64_t bad_command_limit = 0;
    seconds timeout{};                        // RFC 1939 section 3: at least 10 minutes
    seconds login_delay{};                    // between logins to a mailbox; 0: none
    std::string apop;                         // "off" or "on"
    std::vector<std::string> proxy_networks;  // as in Smtpd
    seconds proxy_timeout{};
  } pop3d;

  struct Mailbox {
    seconds retention{};           // of messages that nobody deletes; 0: for ever
    seconds trash{};               // of messages that were deleted; 0: there is no trash
    seconds sweep_interval{};      // from one round of the sweeper to the next; 0: there is none
    std::uint64_t sweep_rate = 0;  // mailboxes a second
  } mailbox;

  struct Quota {
    std::vector<std::uint64_t> warn;  // percent of it, at which its user is told; empty: never
  } quota;

  // Of wrong passwords, in smtpd and pop3d together.
  struct Bans {
    std::uint64_t address_failures = 0;  // then the address is banned; 0: never
    std::uint64_t account_failures = 0;  // then the account
    seconds memory{};                    // a failure that old counts for 1/e
    seconds duration{};
    seconds delay{};  // of the reply, for each failure
    seconds delay_max{};
    std::vector<std::string> exempt_networks;
  } bans;

  // Of those that users choose.
  struct Passwords {
    std::uint64_t min_length = 0;  // characters
    std::uint64_t history = 0;     // of the last ones, so many may not come again
    std::string common;            // path; empty: the list that is built in
  } passwords;

  struct Security {
    std::string sandbox;  // "on", "off" or "require"
  } security;

  // Of `postrider monitor`.
  struct Metrics {
    std::string listen;           // "127.0.0.1:20090"; empty: nowhere
    std::string beyond_loopback;  // whether it may be anywhere else: "off" or "on"
    std::uint64_t connection_limit = 0;
    seconds timeout{};  // of a connection, all of it
  } metrics;

  struct Log {
    std::string level, format;
  } log;

  // Of the life of each message.
  struct Trace {
    std::string enabled;            // "off" or "on"
    seconds keep{};                 // after its end
    std::uint64_t max_size = 0;     // octets of the index
    std::uint64_t buffer_size = 0;  // of what waits to be collected
  } trace;
};

}  // namespace postrider::config
