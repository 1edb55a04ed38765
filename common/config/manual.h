// manual.h - the table of parameters as documents, so that none of them can disagree with the code.
#pragma once

#include <string>

namespace postrider::config {

// postrider.conf(5) in roff (man macros).
std::string manual_page();

// A configuration file with every parameter, its meaning and its default, all commented out but
// hostname.
std::string example_file();

}  // namespace postrider::config
