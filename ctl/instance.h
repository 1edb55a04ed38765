// instance.h - makes an instance: a directory with all that the suite needs, for any user.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace postrider::ctl {

struct InstancePlan {
  std::string directory;
  std::string hostname;
  std::string domain;
  std::uint16_t port_base = 0;
};

// The services of an instance listen on 127.0.0.1 at port_base plus the well-known port.
inline constexpr std::uint16_t kSmtpPort = 25;
inline constexpr std::uint16_t kLmtpPort = 24;
inline constexpr std::uint16_t kSubmissionPort = 587;
inline constexpr std::uint16_t kSubmissionsPort = 465;
inline constexpr std::uint16_t kHttpPort = 90;
inline constexpr std::uint16_t kPop3Port = 110;
inline constexpr std::uint16_t kPop3sPort = 995;
// Leaves room for the highest of them.
inline constexpr std::uint16_t kMaxPortBase = 65535 - kPop3sPort;

// Makes the directory with postrider.toml, spool, mail, run, data and tls. The directory of users
// has `domain`, and the host's own name where that differs, each with a postmaster. Refuses
// (invalid) names that cannot be and a directory that has anything in it, and changes nothing then.
Result<void> make_instance(const InstancePlan& plan);

}  // namespace postrider::ctl
