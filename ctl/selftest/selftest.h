// selftest.h - whether the running suite does what it is for: a message is submitted, queued,
// delivered, fetched over POP3 and deleted, as a user who is made for it and gone afterwards.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/settings.h"

namespace postrider::ctl {

// From the reply to the message's end to its file in the mailbox.
inline constexpr std::chrono::seconds kDeliveryTime{10};

struct SelftestStep {
  std::string_view name;
  std::chrono::microseconds took{0};
  std::string text;
};

struct SelftestReport {
  std::vector<SelftestStep> steps;  // that succeeded
  std::string left_over;            // why something of earlier tests stays; empty: nothing does
};

// Signals that would end the process wait until its user is removed. The error says how to mend
// what failed.
Result<void> test_mail(const config::Settings& settings, SelftestReport& report);

}  // namespace postrider::ctl
