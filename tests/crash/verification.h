// verification.h - what `postrider queue verify` says of a spool, held against what may be.
//
// After a power cut, before anything is started: what no crash may leave is wrong, whatever was not
// synced (common/spool/STATES.md). At rest, when nothing is left to be done: anything but the files
// that a crash leaves without use.
#pragma once

#include <string>

namespace postrider::crash {

// A line for each thing that is wrong.
std::string verify_after_cut(const std::string& root);
std::string verify_at_rest(const std::string& root);

}  // namespace postrider::crash
