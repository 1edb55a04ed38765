// metrics_manual.h - the tables of metrics as postrider-metrics(5), so that neither can disagree
// with the code.
#pragma once

#include <string>

namespace postrider::ctl {

// In roff (man macros).
std::string metrics_manual();

}  // namespace postrider::ctl
