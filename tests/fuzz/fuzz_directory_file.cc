// A directory that is imported: an octet that says whether as CSV or JSON, and the file. What was
// read whole is written and read back the same.
#include <nlohmann/json.hpp>

#include "common/base/check.h"
#include "ctl/entries_csv.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  const bool csv = text[0] == 'c';
  const auto parse = [csv](std::string_view file) {
    return csv ? ctl::read_csv_entries(file) : ctl::read_entries(file);
  };
  const auto read = parse(text.substr(1));
  POSTRIDER_CHECK(read.faults.size() <= directory::kMaxFaults + 1);
  if (!read.faults.empty()) return 0;
  const auto written = [&] {
    const auto replace = nlohmann::json::error_handler_t::replace;
    return csv ? ctl::to_csv(read.entries)
               : ctl::to_json(read.entries).dump(1, ' ', false, replace);
  }();
  POSTRIDER_CHECK(parse(written).faults.empty());
  return 0;
}
