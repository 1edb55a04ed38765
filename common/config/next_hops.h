// next_hops.h - the ways to another server, as a [[route]], the smart host and an operator write
// them, and how the queue names them. Pure.
//
// RFC 2033 (LMTP), RFC 8314 section 3 (TLS from the first octet).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/settings.h"
#include "common/smtp/protocol.h"

namespace postrider::config {

inline constexpr std::uint16_t kSmtpPort = 25;

// How the server behind a next hop is spoken to.
struct Scheme {
  std::string_view name;  // that the next hop begins with: "smtp:"
  smtp::Protocol protocol = smtp::Protocol::smtp;
  smtp::TlsStart tls_start = smtp::TlsStart::starttls;
  std::uint16_t port = 0;  // of a server that names none; 0: relay.port
};
// The one that `via` begins with, or null.
const Scheme* scheme_of(std::string_view via) noexcept;

// A server that takes mail: "HOST[:PORT]" or "[ADDRESS][:PORT]".
bool is_server(std::string_view text);
// relay.smarthost: a server, or "smtps:" and a server.
bool is_smarthost(std::string_view text);
// A way to a server: "smtp:", "smtps:" or "lmtp:" and a server, "lmtp:unix:" and the path of a
// socket, or "mx". kSmtpPort is not for LMTP (RFC 2033 section 5).
bool is_next_hop(std::string_view via);
inline constexpr std::string_view kNextHopForms =
    "\"smtp:HOST\", \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", the same with \"smtps:\", \"mx\", "
    "\"lmtp:HOST:PORT\" or \"lmtp:unix:/PATH\"";

// "unix:" and an absolute path, no longer than the kernel takes it, without control characters and
// without the comma that stands between next hops.
bool is_socket(std::string_view text) noexcept;
// The path behind "lmtp:unix:" where it is one.
std::optional<std::string_view> lmtp_socket(std::string_view via) noexcept;

// The name of a next hop with a server: in lower case, with its port; where it names none, that of
// its scheme, or `relay_port`. A socket's path is left as it is.
std::string next_hop_by(std::string_view via, std::uint64_t relay_port);
// That of relay.smarthost, which is not empty.
std::string smarthost_next_hop(const Settings::Relay& relay);

}  // namespace postrider::config
