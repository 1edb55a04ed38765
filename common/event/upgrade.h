// upgrade.h - how a daemon becomes its next release without refusing a connection: its parent runs
// the new program in its own place, with the same process number, and hands it what must not be
// interrupted.
//
//   listening sockets  as the service manager hands them: $LISTEN_FDS from descriptor 3 on
//   workers            stay its children, and finish their sessions in the old program;
//                      $POSTRIDER_WORKERS names them
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/result.h"

namespace postrider::event {

// Whether another file is where this program was started from: the package was upgraded.
bool is_program_replaced();

// Runs the program that is there now with the arguments of this process and --check, which does
// what it would start with, on copies of the `sockets`, and ends. Invalid: it finds fault with
// something, of which it has told on standard error. Blocks, for some seconds at most.
Result<void> check_new_program(const std::vector<int>& sockets);

// Becomes that program; all descriptors but `sockets` are to be close-on-exec. Signals that are
// blocked stay so: one that comes before the new program looks for it would end it. Returns why it
// could not.
Error become_new_program(const std::vector<int>& sockets, const std::vector<pid_t>& workers);

// The workers of the program that this process was before; none after the first call.
std::vector<pid_t> take_earlier_workers();

}  // namespace postrider::event
