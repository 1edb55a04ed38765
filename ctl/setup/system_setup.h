// system_setup.h - what makes a mail server of an installed package: configuration, keys,
// directory of users, and the units that run.
//
// Each step looks first and leaves alone what is there: setup may be run again, after it was cut
// off or for another user, and changes nothing that is right. What the package owns (users of the
// host, folders) it takes for granted, and says so where they are missing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"

namespace postrider::ctl {

struct SetupStep {
  std::string name;
  bool changed = false;
  std::string text;  // what was done, or found
};

struct SetupPlan {
  std::string address;             // of a user, whose domain gets mail here
  std::string hostname;            // empty: what the configuration says, else what the host knows
  std::string config_file;         // made where it is missing
  std::optional<Secret> password;  // none: one is made
  bool start = true;               // the units, where systemd runs the host
  // As it happens: what comes next may take its time, or fail, and a password is made once.
  UniqueFunction<void(const SetupStep&)> on_step = {};
  UniqueFunction<void(const Secret&)> on_password = {};  // that was made, and is the user's now
};

struct SetupReport {
  std::vector<SetupStep> steps;  // up to the one that failed, if one did
  config::Settings settings;
  std::string domain;
  std::optional<Secret> password;  // that was made: to be shown once
};

// Errors: invalid, with nothing changed, for a plan that cannot be; others name the step and how to
// mend it, and what was done stays.
Result<void> set_up(SetupPlan plan, SetupReport& report);

// The configuration that it writes, for a host with or without IPv6.
std::string first_configuration(const std::string& hostname, bool has_ipv6);

}  // namespace postrider::ctl
