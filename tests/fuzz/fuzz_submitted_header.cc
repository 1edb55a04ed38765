// Any lines as the content that a user submits: what is left out, and whom the header names, does
// not depend on where it is cut; and no field that is to be left out stays in.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/checks/header.h"
#include "common/message/field_filter.h"
#include "common/smtp/data_reader.h"

using namespace postrider;

namespace {

constexpr std::array<std::string_view, 2> kUnwanted{"Bcc", "Resent-Bcc"};

std::string filtered(std::string_view content, std::size_t step) {
  message::FieldFilter filter(kUnwanted);
  std::string kept;
  for (; !content.empty(); content.remove_prefix(std::min(step, content.size())))
    kept += filter.feed(content.substr(0, step));
  return kept += filter.finish();
}

checks::HeaderFacts surveyed(std::string_view content, std::size_t step) {
  checks::HeaderSurvey survey(checks::HeaderSurvey::Authors::keep);
  for (; !content.empty(); content.remove_prefix(std::min(step, content.size())))
    survey.feed(content.substr(0, step));
  survey.finish();
  return survey.facts();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  smtp::DataReader reader(size + 1, smtp::DataReader::Framing::chunks);
  const std::string_view content = reader.read(input);
  const std::string kept = filtered(content, size + 1);
  const checks::HeaderFacts facts = surveyed(content, size + 1);
  POSTRIDER_CHECK(kept.size() <= size);
  POSTRIDER_CHECK(facts.authors.size() <= checks::kMaxAuthors + 1);
  for (const std::size_t step : {std::size_t{1}, size / 3 + 1}) {
    POSTRIDER_CHECK(filtered(content, step) == kept);
    const checks::HeaderFacts cut = surveyed(content, step);
    POSTRIDER_CHECK(cut.authors == facts.authors);
    POSTRIDER_CHECK(cut.authors_unclear == facts.authors_unclear && cut.misfits == facts.misfits);
  }
  POSTRIDER_CHECK(filtered(kept, kept.size() + 1) == kept);
  message::HeaderScanner scanner([](std::string_view name, std::string_view) {
    for (const std::string_view unwanted : kUnwanted)
      POSTRIDER_CHECK(!equals_ignoring_case(name, unwanted));
  });
  scanner.feed(kept);
  scanner.finish();
  return 0;
}
