// assign.h - one value of the file into its member of Settings.
//
// The checks of each type stand here; what a parameter is called and may be stands in its row of
// the table.
#pragma once

#include <string>
#include <vector>

#include "common/config/document.h"
#include "common/config/parameters.h"

namespace postrider::config {

// Something that is wrong in the file, and what would be right.
struct Complaint {
  unsigned line = 0;
  std::string key;
  std::string text;
};

// Sets the parameter's member of `settings` to `value`; or adds what is wrong with it to
// `complaints` and leaves the member half set.
void assign(const Parameter& parameter, const Value& value, Settings& settings,
            std::vector<Complaint>& complaints);

}  // namespace postrider::config
