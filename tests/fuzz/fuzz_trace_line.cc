// A line of the trace: what is read of it is within its budget, and what the log writes of that is
// read the same again.
#include "common/base/check.h"
#include "common/log/log.h"
#include "common/trace/belonging.h"
#include "common/trace/line.h"
#include "ctl/trace_words.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(trace::plain_name(text));
  static_cast<void>(ctl::dialogue_of(text));
  const auto event = trace::parse_event(text);
  if (!event) return 0;
  POSTRIDER_CHECK(size <= trace::kMaxLine && event->values.size() <= trace::kMaxPairs);
  static_cast<void>(trace::owners_of(event->values));
  static_cast<void>(trace::names_of(event->name, event->values));
  static_cast<void>(ctl::words_for(*event));
  for (const log::Format format : {log::Format::logfmt, log::Format::json}) {
    const ManualClock clock(event->time);
    std::string written;
    {
      log::Logger log(event->process, log::Level::debug, format, clock,
                      [&](std::string_view lines) { written += lines; });
      auto entry = log.info(event->name);
      for (const auto& [key, value] : event->values) entry.text(key, value, trace::kMaxLine);
    }
    POSTRIDER_CHECK(written.ends_with('\n'));
    written.pop_back();
    if (written.size() > trace::kMaxLine) continue;
    const auto again = trace::parse_event(written);
    POSTRIDER_CHECK(again && again->values == event->values && again->name == event->name);
  }
  return 0;
}
