#include "common/spool/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/base/overloaded.h"
#include "common/spool/done_file.h"
#include "common/spool/segment_reader.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::spool;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Fixture() {
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
    if (!draft) return tl::unexpected<Error>(draft.error());
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
  std::vector<std::string> read_all(bool verify = true) {
    auto reader = SegmentReader::open(system_disk(), paths, progress.segment);
    REQUIRE(reader);
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
                return std::string(d.blank ? "blank" : "damage") + (d.tail ? " tail" : "");
              },
          },
          *step));
    }
  }

  void flip(std::uint64_t offset) {
    const std::string path = paths.segment(progress.segment);
    const Fd fd(::open(path.c_str(), O_RDWR));
    char octet = 0;
    REQUIRE(::pread(fd.get(), &octet, 1, static_cast<off_t>(offset)) == 1);
    octet = static_cast<char>(octet ^ 0x10);
    REQUIRE(::pwrite(fd.get(), &octet, 1, static_cast<off_t>(offset)) == 1);
  }

  test::TempDirectory directory;
  Paths paths{directory.path()};
  event::EventLoop loop;
  ManualClock clock;
  SeededRandom random{1};
  log::Logger log{"test", log::Level::error, log::Format::logfmt, clock, [this](std::string_view l) { logged += l; }};
  std::string logged;
  metrics::Counters counters;
  Writer::Options options;
  SegmentProgress progress;
  std::unique_ptr<Writer> writer_;
};

}  // namespace

TEST_CASE("spool writer: what was acknowledged is in the segment, and the end seals it", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("one\r\n"));
  REQUIRE(f.accept("second\r\n"));
  CHECK(f.read_all() == std::vector<std::string>{"message 5", "message 8"});
  f.writer_.reset();
  CHECK(f.read_all() == std::vector<std::string>{"message 5", "message 8", "seal"});
}

TEST_CASE("spool writer: commits are counted, and those that fail", "[spool]") {
  Fixture f;
  auto draft = f.writer().begin(0);
  REQUIRE(draft);
  for (const std::string& folder : {f.paths.large(), f.paths.incoming()})
    REQUIRE(::rmdir(folder.c_str()) == 0);
  REQUIRE_FALSE(f.commit(std::move(*draft)));
  CHECK(f.counters.value(metrics::Counter::spool_commit_failures) == 1);
  for (const std::string& folder : {f.paths.incoming(), f.paths.large()})
    REQUIRE(system_disk().make_directory(folder));
  REQUIRE(f.accept("one\r\n"));
  REQUIRE(f.accept("second\r\n"));
  CHECK(f.counters.value(metrics::Counter::spool_commits) == 2);
  CHECK(f.counters.value(metrics::Counter::spool_commit_failures) == 1);
}

TEST_CASE("spool writer: a large message has a file of its own, with its checksum", "[spool]") {
  Fixture f;
  f.options.large_message = 100;
  const std::string content(1000, 'x');
  REQUIRE(f.accept(content));
  CHECK(f.read_all() == std::vector<std::string>{"large 1000"});
  const auto files = system_disk().list(f.paths.large()).value();
  REQUIRE(files.size() == 1);
}

TEST_CASE("spool writer: a draft that is dropped leaves nothing behind", "[spool]") {
  Fixture f;
  f.options.large_message = 10;
  auto draft = f.writer().begin(0);
  REQUIRE(draft);
  REQUIRE((*draft)->append("more than ten octets"));
  CHECK(system_disk().list(f.paths.large()).value().size() == 1);
  draft->reset();
  CHECK(system_disk().list(f.paths.large()).value().empty());
  CHECK(system_disk().list(f.paths.incoming()).value().empty());
}

TEST_CASE("spool writer: too little space refuses the beginning with a reason", "[spool]") {
  Fixture f;
  f.options.min_free = std::uint64_t{1} << 60U;
  const auto draft = f.writer().begin(1);
  REQUIRE_FALSE(draft);
  CHECK(draft.error().kind == ErrorKind::temporary);
  CHECK(draft.error().text.find("spool.min_free") != std::string::npos);
}

TEST_CASE("spool writer: a segment that is full or old is sealed, and the next is begun", "[spool]") {
  Fixture f;
  f.options.segment_size = 1000;
  REQUIRE(f.accept(std::string(2000, 'y')));
  const std::string first = f.progress.segment;
  f.clock.advance(1us);
  REQUIRE(f.accept("short\r\n"));
  CHECK(f.progress.segment != first);
  CHECK(f.read_all() == std::vector<std::string>{"message 7"});
  f.progress.segment = first;
  CHECK(f.read_all() == std::vector<std::string>{"message 2000", "seal"});
}

TEST_CASE("spool reader: any flipped bit is noticed, and the other records are read", "[spool]") {
  Fixture f;
  for (const char* content : {"first message\r\n", "second message\r\n", "third message\r\n"})
    REQUIRE(f.accept(content));
  const std::uint64_t size = f.progress.durable;
  const std::uint64_t third = (size - kSegmentHeaderSize) / 3;
  // Every octet of the second record but its padding.
  const std::uint64_t begin = kSegmentHeaderSize + third;
  for (std::uint64_t offset = begin; offset < begin + third; ++offset) {
    f.flip(offset);
    const auto seen = f.read_all();
    CAPTURE(offset - begin);
    if (seen.size() == 3 && seen[1] == "message 16") {
      CHECK(offset >= begin + third - kRecordAlignment);  // padding says nothing
    } else {
      CHECK(seen == std::vector<std::string>{"message 15", "damage", "message 15"});
    }
    f.flip(offset);
  }
}

TEST_CASE("spool reader: a file cut at any octet gives the whole records before it", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("first message\r\n"));
  const std::uint64_t first = f.progress.durable;
  REQUIRE(f.accept("second message\r\n"));
  const std::uint64_t second = f.progress.durable;
  for (std::uint64_t cut = second; cut-- > first + 1;) {
    REQUIRE(::truncate(f.paths.segment(f.progress.segment).c_str(), static_cast<off_t>(cut)) == 0);
    CAPTURE(cut);
    CHECK(f.read_all() == std::vector<std::string>{"message 15", "damage tail"});
  }
}

TEST_CASE("spool reader: octets that were never written are told from damage", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("first message\r\n"));
  REQUIRE(::truncate(f.paths.segment(f.progress.segment).c_str(),
                     static_cast<off_t>(f.progress.durable + 4096)) == 0);
  CHECK(f.read_all() == std::vector<std::string>{"message 15", "blank tail"});
}

TEST_CASE("spool reader: a record inside a message's content is not a record", "[spool]") {
  Fixture f;
  Envelope forged;
  forged.set_id(std::string(20, '0'));
  forged.add_recipients()->set_address("victim@example.net");
  const std::string envelope = forged.SerializeAsString();
  std::string content(8 - (envelope.size() % 8), ' ');
  for (std::uint64_t offset = 0; offset < 400; offset += 8)
    content += encode(RecordHeader{.kind = RecordKind::message,
                                   .envelope_length = static_cast<std::uint32_t>(envelope.size())},
                      envelope, 0, offset);
  REQUIRE(f.accept(content));
  REQUIRE(f.accept("after\r\n"));
  f.flip(kSegmentHeaderSize + 9);  // the length of the first record's envelope
  CHECK(f.read_all() == std::vector<std::string>{"damage", "message 7"});
}

TEST_CASE("spool done file: keeps its entries, and a damaged or torn one is left out", "[spool]") {
  Fixture f;
  const std::string path = f.paths.done("s.seg");
  {
    DoneFile done(system_disk(), path, 7);
    REQUIRE(done.append({{.record = 32}, {.record = 80, .recipient = 5}}, false));
    REQUIRE(done.append({{.record = 128, .kind = DoneKind::promoted}}, true));
  }
  auto loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(loaded);
  REQUIRE(loaded->entries.size() == 3);
  CHECK(loaded->entries[1].recipient == 5);
  CHECK(loaded->entries[2].kind == DoneKind::promoted);

  REQUIRE(::truncate(path.c_str(), 2 * kDoneEntrySize + 10) == 0);
  DoneFile again(system_disk(), path, 7);
  REQUIRE(again.append({{.record = 200}}, false));
  loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(loaded->entries.size() == 3);
  CHECK(loaded->entries[2].record == 200);

  CHECK(DoneFile::load(system_disk(), f.paths, "s.seg", 8)->damaged == 3);
  CHECK(DoneFile::load(system_disk(), f.paths, "none.seg", 7)->entries.empty());
}
