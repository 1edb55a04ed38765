// fixture.h - a writer on a folder of its own, and what a reader finds in its segment.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/overloaded.h"
#include "common/spool/segment_reader.h"
#include "common/spool/writer.h"
#include "tests/unit/temp_directory.h"

namespace postrider::test {

using namespace spool;

// Changes one bit of a file; a second call changes it back.
inline void flip(const std::string& path, std::uint64_t offset, unsigned bit = 4) {
  const Fd fd(::open(path.c_str(), O_RDWR));
  char octet = 0;
  REQUIRE(::pread(fd.get(), &octet, 1, static_cast<off_t>(offset)) == 1);
  octet = static_cast<char>(octet ^ (1 << bit));
  REQUIRE(::pwrite(fd.get(), &octet, 1, static_cast<off_t>(offset)) == 1);
}

// Gives a header the next version; its first 16 octets are in the form that every version keeps.
inline std::string newer(std::string header) {
  ++header[8];
  header.replace(12, 4, 4, '\0');
  auto check = static_cast<std::uint32_t>(checksum(header));
  for (std::size_t i = 12; i < 16; ++i, check >>= 8U) header[i] = static_cast<char>(check & 0xffU);
  return header;
}

// The same for a file.
inline void make_newer(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDWR));
  std::string header(kSegmentHeaderSize, '\0');
  REQUIRE(::pread(fd.get(), header.data(), header.size(), 0) == ssize_t{kSegmentHeaderSize});
  header = newer(std::move(header));
  REQUIRE(::pwrite(fd.get(), header.data(), header.size(), 0) == ssize_t{kSegmentHeaderSize});
}

struct SpoolFixture {
  SpoolFixture() {
    for (const std::string& folder : {paths.incoming(), paths.large()})
      REQUIRE(system_disk().make_directory(folder));
    options.directory = directory.path();
    options.name = "smtpd0";
    options.min_free = 0;
  }

  Writer& writer() {
    if (!writer_)
      writer_ = std::make_unique<Writer>(loop, system_disk(), options, clock, random, log, counters,
                                         [this](const SegmentProgress& p) { progress = p; });
    return *writer_;
  }

  Result<void> accept(const std::string& content) {
    auto draft = writer().begin(content.size());
    if (!draft) return pass_on(draft.error());
    if (auto appended = (*draft)->append(content); !appended) return appended;
    return commit(std::move(*draft));
  }

  // Commits one message and runs the loop until it is durable.
  Result<void> commit(std::unique_ptr<Draft> draft) {
    Envelope envelope;
    envelope.set_id(draft->id().str());
    envelope.set_sender("a@example.org");
    envelope.add_recipients()->set_address("b@example.net");
    Result<void> outcome;
    const auto pending = writer().commit(std::move(draft), envelope, [&](Result<void> result) {
      outcome = std::move(result);
      loop.stop();
    });
    loop.run();
    return outcome;
  }

  // All that a reader finds in the segment, a word a step.
  std::vector<std::string> read_all(bool verify = true, Disk& disk = system_disk()) {
    auto reader = SegmentReader::open(disk, paths, progress.segment);
    if (!reader) return {reader.error().text};
    std::vector<std::string> seen;
    const std::uint64_t size = (*reader)->size().value();
    while (true) {
      auto step = (*reader)->next(size, verify);
      REQUIRE(step);
      if (std::holds_alternative<SegmentReader::NoMore>(*step)) return seen;
      seen.push_back(std::visit(
          Overloaded{
              [&](const SegmentReader::Record& r) {
                return (r.large ? "large " : "message ") + std::to_string(r.content_length);
              },
              [](const SegmentReader::Seal&) { return std::string("seal"); },
              [](const SegmentReader::NoMore&) { return std::string(); },
              [](const SegmentReader::Damage& d) {
                return std::string(d.blank ? "blank" : "damage") + (d.tail ? " tail" : "") +
                       (d.record ? " of " + d.record->envelope.sender() : "");
              },
          },
          *step));
    }
  }

  std::string segment_path() const { return paths.segment(progress.segment); }

  TempDirectory directory;
  Paths paths{directory.path()};
  event::EventLoop loop;
  ManualClock clock;
  SeededRandom random{1};
  log::Logger log{"test", log::Level::error, log::Format::logfmt, clock,
                  [this](std::string_view l) { logged += l; }};
  std::string logged;
  metrics::Counters counters;
  Writer::Options options;
  SegmentProgress progress;
  std::unique_ptr<Writer> writer_;
};

}  // namespace postrider::test
