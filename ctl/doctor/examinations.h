// examinations.h - what the doctor looks at. Each function looks at one thing, changes nothing, and
// blocks for kPatience at most for each host that it asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "ctl/doctor/finding.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"

namespace postrider::ctl {

inline constexpr std::chrono::seconds kPatience{5};

struct Patient {
  std::string config_file;
  const config::Settings& settings;
  WallTime now;
  // To be reached from here, as relay.smarthost is written; empty: the smart host, else large mail
  // providers.
  std::string probe;
};

// Of the file, and of what it names (config_findings.h).
Findings examine_configuration(const Patient& patient);
// Of files that hold secrets, and of the users of the host that own the rest.
Findings examine_rights(const Patient& patient);
// Whether the directory of users can be read.
Findings examine_directory(const Patient& patient);
Findings examine_certificates(const Patient& patient);
// Whether something answers where the configuration says that it listens.
Findings examine_services(const Patient& patient);
Findings examine_disk(const Patient& patient);
Findings examine_clock(const Patient& patient);
// What each domain publishes against what it should, and the names of the host's addresses.
Findings examine_dns(const Patient& patient);
// Whether other servers can be reached.
Findings examine_way_out(const Patient& patient);
// Pure: of the server's first line, empty where none came. A network that keeps its hosts from port
// 25 may let a machine of its own take the connection.
void judge_greeting(Findings& findings, const std::string& server, const std::string& line);

// Pure: what `postrider status` tells, but for what others here tell in more detail.
Findings examine_suite(const Survey& survey, const Samples& samples,
                       const config::Settings& settings);
// Pure: why mail waits, in plain words and those of most messages first, and what mends it.
// Precondition: queued was asked all (Depth::whole), or was not there.
Findings examine_queue(const Survey& survey);

// Pure: what is to be said of a certificate that is good for so long.
inline constexpr std::chrono::hours kCertificateSoon{24 * 21};
inline constexpr std::chrono::hours kCertificateVerySoon{24 * 7};
Health health_of_certificate(std::chrono::seconds left) noexcept;

// Of a file system's octets and inodes; below it is told.
inline constexpr std::uint64_t kFewPercentFree = 10;

}  // namespace postrider::ctl
