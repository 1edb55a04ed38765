// verdict.h - what a check that found something says of a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/smtp/reply.h"

namespace postrider::checks {

struct Verdict {
  std::string_view check;      // its name; lives as long as the program
  config::CheckAction action;  // never off
  smtp::Reply reply;           // to the client, where it is refused or deferred

  const std::string& reason() const noexcept { return reply.text; }
};
using Verdicts = std::vector<Verdict>;

// The verdict that decides: the first that refuses, else the first that defers, else null:
// accepted.
const Verdict* decisive(const Verdicts& verdicts) noexcept;

// The names of the checks, as the log has them: "helo_name,reverse_dns".
std::string names_of(const Verdicts& verdicts);

}  // namespace postrider::checks
