// world.h - a data directory of its own with a trace in it, a clock that stands still, and lines as
// the log writes them.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "common/config/load.h"
#include "common/log/log.h"
#include "common/trace/collector.h"
#include "common/trace/search.h"
#include "common/trace/writer.h"
#include "tests/unit/temp_directory.h"

namespace postrider::trace::testing {

struct World {
  World() {
    settings.paths.data = folder.path();
    settings.trace.keep = std::chrono::hours(24);
  }

  std::string trace_folder() const { return folder_of(folder.path()); }
  Writer writer(std::string process = "smtpd", std::uint64_t file_size = Writer::kFileSize,
                std::uint64_t buffer_size = 512U << 20U) {
    return Writer({.folder = trace_folder(),
                   .process = std::move(process),
                   .buffer_size = buffer_size,
                   .file_size = file_size},
                  clock);
  }
  // An id of now.
  std::string new_id() { return ids.next().str(); }

  // What `tell` has the log keep, as lines.
  template <typename Tell>
  std::string lines(Tell tell, log::Format format = log::Format::logfmt,
                    std::string process = "smtpd") {
    std::string kept;
    log::Logger logger(std::move(process), log::Level::error, format, clock,
                       [](std::string_view) {});
    logger.keep_for([&](std::string_view text) { kept += text; });
    tell(logger);
    logger.keep_for({});
    return kept;
  }
  std::string accepted(const std::string& id, const std::string& to = "bob@there.test") {
    return lines([&](log::Logger& log) {
      log.info("accepted")
          .id(id)
          .with("from", "ada@here.test")
          .with("to", to)
          .with("message_id", "<" + id + "@here.test>");
    });
  }
  std::string ended(const std::string& id) {
    return lines([&](log::Logger& log) { log.debug("ended").id(id).with("age_ms", 5); },
                 log::Format::logfmt, "queued");
  }

  Collector collector() {
    auto opened = Collector::open(settings, clock);
    REQUIRE(opened);
    return std::move(*opened);
  }
  void collect() {
    auto taking = collector();
    const auto more = taking.collect(std::chrono::seconds(10));
    REQUIRE(more);
    CHECK_FALSE(*more);
  }
  Search search() {
    auto opened = Search::open(folder.path());
    REQUIRE(opened);
    return std::move(*opened);
  }
  std::size_t events_of(const std::string& id) {
    const auto life = search().whole_life(id);
    REQUIRE(life);
    return life->events.size();
  }
  std::size_t found(const std::string& name) {
    const auto subjects = search().find(plain_name(name), WallTime(), 1000);
    REQUIRE(subjects);
    return subjects->size();
  }
  std::size_t files() const {
    const auto listed = list_files(trace_folder());
    REQUIRE(listed);
    return listed->size();
  }

  postrider::test::TempDirectory folder;
  ManualClock clock;
  MessageIdSource ids{clock, 3, 17};
  config::Settings settings = config::defaults();
};

}  // namespace postrider::trace::testing
