#include "ctl/doctor/finding.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ctl_doctor_finding_test {

using namespace postrider::ctl;

namespace {

std::vector<Diagnosis> some() {
  Findings findings("disk");
  findings.ok("much");
  findings.warn("little", "Make room.");
  findings.wrong("none", "Make room at once.");
  findings.wrong("none there either", "There too.");
  return findings.all();
}

}  // namespace

TEST_CASE("finding: what is wrong comes first, each kind in its order", "[doctor]") {
  auto findings = some();
  sort(findings);
  std::vector<std::string> texts;
  for (const Diagnosis& finding : findings) texts.push_back(finding.text);
  CHECK(texts == std::vector<std::string>{"none", "none there either", "little", "much"});
}

TEST_CASE("finding: a line tells it, the next one mends it", "[doctor]") {
  CHECK(to_text({{"disk", Health::warning, "little\x1b[0m", "Make room."},
                 {"clock", Health::ok, "right", ""}},
                0) ==
        "warning  disk: little\\x1b[0m\n    Make room.\n"
        "ok       clock: right\n");
}

TEST_CASE("finding: programs read the same", "[doctor]") {
  const auto json = to_json(some());
  REQUIRE(json.size() == 4);
  CHECK(json[2] == nlohmann::json{{"area", "disk"},
                                  {"health", "wrong"},
                                  {"text", "none"},
                                  {"mend", "Make room at once."}});
  CHECK(json[0]["mend"] == "");
}

}  // namespace ctl_doctor_finding_test
