// parameters.h - the one table of parameters: name, member, default, range and meaning.
//
// Parsing, defaults, checks, `postrider config show|explain`, the example configuration and the
// manual page all come from it. To add a parameter: a member in settings.h and a row in one of the
// files *_parameters.h or parameters.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "common/config/settings.h"

namespace postrider::config {

// How a value is written, and with it what is checked.
enum class Type : std::uint8_t {
  path,              // a file; relative names start from the folder of the configuration file
  domain,            // a host's name
  smarthost,         // is_smarthost() of next_hops.h; may be empty
  text,              // without a control character; may be empty
  choice,            // one of the words in `range`
  count,             // a whole number
  percentages,       // an array of whole numbers
  size,              // "50MiB"
  duration,          // "30m"
  durations,         // an array of durations
  socket_addresses,  // an array of ADDRESS:PORT
  socket_address,    // ADDRESS:PORT; may be empty
  networks,          // an array of networks in CIDR form
  local_users,       // an array of names of users of the host
  checks,            // an array of names of checks
  smtp_listeners,    // an array of tables { address, mode, … }
  pop3_listeners,    // an array of tables { address, tls, … }
  certificates,      // an array of tables { certificate, key }
  routes,            // [[route]] tables { match, via }
  tls_policies,      // [[tls_policy]] tables { destination, level, … }
  destinations,      // [[destination]] tables { domain, host, connections, rate, … }
};

// Returns the member of a Settings that a parameter sets.
template <typename T>
using Accessor = T& (*)(Settings&);
using Target =
    std::variant<Accessor<std::string>, Accessor<std::uint64_t>, Accessor<std::chrono::seconds>,
                 Accessor<std::chrono::milliseconds>, Accessor<SyncMode>, Accessor<CheckAction>,
                 Accessor<PlaintextAuth>, Accessor<std::vector<std::string>>,
                 Accessor<std::vector<std::uint64_t>>, Accessor<std::vector<std::chrono::seconds>>,
                 Accessor<std::vector<SmtpListener>>, Accessor<std::vector<Pop3Listener>>,
                 Accessor<std::vector<CertificateFiles>>, Accessor<std::vector<Route>>,
                 Accessor<std::vector<TlsPolicy>>, Accessor<std::vector<DestinationLimits>>>;

struct Parameter {
  std::string_view name;  // "smtpd.workers": section and key; without a section, top level
  Type type;
  Target target;
  // As in the file, but a string without its quotes. "hostname" alone has none.
  std::string_view default_value;
  std::string_view range;    // "1s..1d", "on|off", or empty: what the type says
  std::string_view meaning;  // whole sentences, for the manual
};

// Every parameter, sections together, in the order of the manual.
std::span<const Parameter> parameters() noexcept;

// The parameter of that name, or null.
const Parameter* find_parameter(std::string_view name) noexcept;

// What stands before and after the last dot: "smtpd" and "workers"; "" and "hostname".
std::string_view section_of(std::string_view name) noexcept;
std::string_view key_of(std::string_view name) noexcept;

// The position of `word` among the words of a choice's range ("never|loopback|always"), or -1.
int choice_index(std::string_view range, std::string_view word) noexcept;
// The word at `index`, which the range has.
std::string_view choice_word(std::string_view range, unsigned index) noexcept;

// The words for SmtpListener::mode and Pop3Listener::tls, in the order of their enumerations.
inline constexpr std::string_view kSmtpModes = "mx|submission|submissions|lmtp|local";
inline constexpr std::string_view kPop3Tls = "none|starttls|implicit";

// The words for a TlsLevel and for a version of TLS, in the order of their enumeration and values.
inline constexpr std::string_view kTlsLevels = "none|may|encrypt|verify";
inline constexpr std::string_view kTlsVersions = "1.2|1.3";

// The words for a CheckAction, in the order of its enumeration.
inline constexpr std::string_view kCheckActions = "off|tag|defer|refuse";

// A value of that type in words, with an example: "a size, as in \"50MiB\"".
std::string_view describe(Type type) noexcept;

}  // namespace postrider::config
