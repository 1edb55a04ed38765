// Any octets as a configuration file: refused or read, and what was read has every value in range.
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/config/assign.h"
#include "common/config/load.h"
#include "common/config/to_toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto settings = config::parse(text, "/p.toml");
  if (!settings) {
    POSTRIDER_CHECK(settings.error().text.starts_with("/p.toml:"));
    return 0;
  }
  POSTRIDER_CHECK(!settings->hostname.empty());
  // What is shown of it is read again as the same.
  for (const config::Parameter& parameter : config::parameters()) {
    const auto document = config::parse_toml("value = " + config::to_toml(parameter, *settings));
    POSTRIDER_CHECK(document.has_value());
    std::vector<config::Complaint> complaints;
    config::Settings again = *settings;
    config::assign(parameter, document->front().value, again, complaints);
    POSTRIDER_CHECK(complaints.empty());
    POSTRIDER_CHECK(config::to_toml(parameter, again) == config::to_toml(parameter, *settings));
  }
  return 0;
}
