// boot_id.h - which run of the kernel this is: what one has not made durable, the next may not
// find.
#pragma once

#include <string>

namespace postrider {

// The name of this run of the kernel (random(4), boot_id); empty where the kernel does not tell it.
std::string boot_id();

}  // namespace postrider
