// warnings.h - what is wrong with the suite, in plain words, and what mends it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/config/settings.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"

namespace postrider::ctl {

struct Warning {
  enum class Weight : std::uint8_t {
    bad,   // mail stands still, or is refused
    soon,  // it will, unless somebody does something
    note,  // to be known
  };
  Weight weight = Weight::note;
  std::string_view name;  // for programs: "daemon_down"
  std::string what;       // a whole sentence
  std::string mend;       // another
};

std::string_view name_of(Warning::Weight weight) noexcept;

// A certificate that expires sooner is told of.
inline constexpr std::chrono::hours kCertificateNotice{14 * 24};
// Of the file system of the spool: below it mail is soon refused.
inline constexpr std::uint64_t kLowSpacePercent = 5;
// Wrong passwords in an hour that are more than people's slips.
inline constexpr std::uint64_t kManyWrongPasswords = 100;
// Handshakes in an hour that failed, beyond which something is wrong with our side, perhaps.
inline constexpr std::uint64_t kManyTlsFailures = 100;

// The worst first. `samples`: of the last hour, as far as it is known.
std::vector<Warning> warnings_of(const Survey& survey, const Samples& samples,
                                 const config::Settings& settings);

nlohmann::json to_json(const std::vector<Warning>& warnings);
// A paragraph each; empty: nothing is wrong.
std::string to_text(const std::vector<Warning>& warnings, std::size_t width);

}  // namespace postrider::ctl
