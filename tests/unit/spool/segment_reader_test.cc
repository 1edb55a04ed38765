#include "common/spool/segment_reader.h"

#include <unistd.h>

#include "tests/unit/spool/fixture.h"
#include "tests/unit/spool/forwarding_disk.h"

namespace spool_segment_reader_test {

using namespace postrider;
using namespace postrider::spool;
using Fixture = test::SpoolFixture;
using Lines = std::vector<std::string>;

TEST_CASE("spool reader: any flipped bit is noticed, and the other records are read",
          "[spool][slow]") {
  Fixture f;
  // Of a length that needs no padding, of which nothing could be said.
  for (const char* content :
       {"message number 1\r\n", "message number 2\r\n", "message number 3\r\n"})
    REQUIRE(f.accept(content));
  f.writer_.reset();
  const Lines whole{"message 18", "message 18", "message 18", "seal"};
  const std::uint64_t size = std::filesystem::file_size(f.segment_path());
  const std::uint64_t third = (size - kRecordHeaderSize - kSegmentHeaderSize) / 3;
  for (std::uint64_t at = 0; at < size; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      test::flip(f.segment_path(), at, bit);
      const Lines seen = f.read_all();
      test::flip(f.segment_path(), at, bit);
      CAPTURE(at, bit);
      if (at < kSegmentHeaderSize) {
        CHECK(seen.size() == 1);  // what is wrong with the header
        continue;
      }
      const std::uint64_t record = (at - kSegmentHeaderSize) / third;
      REQUIRE(seen.size() == 4);
      for (std::size_t i = 0; i < whole.size(); ++i)
        CHECK(seen[i].starts_with(i == record ? "damage" : whole[i]));
    }
  }
}

TEST_CASE("spool reader: of a damaged content is told whose it was", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("first message\r\n"));
  const std::uint64_t first = f.progress.durable;
  REQUIRE(f.accept("second message\r\n"));
  test::flip(f.segment_path(), first - kRecordAlignment);
  CHECK(f.read_all() == Lines{"damage of a@example.org", "message 16"});
  CHECK(f.read_all(false) == Lines{"message 15", "message 16"});
}

TEST_CASE("spool reader: a file cut at any octet gives the whole records before it", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("first message\r\n"));
  const std::uint64_t first = f.progress.durable;
  REQUIRE(f.accept("second message\r\n"));
  const std::uint64_t second = f.progress.durable;
  for (std::uint64_t cut = second; cut-- > first + 1;) {
    REQUIRE(::truncate(f.segment_path().c_str(), static_cast<off_t>(cut)) == 0);
    CAPTURE(cut);
    CHECK(f.read_all() == std::vector<std::string>{"message 15", "damage tail"});
  }
}

TEST_CASE("spool reader: octets that were never written are told from damage", "[spool]") {
  Fixture f;
  REQUIRE(f.accept("first message\r\n"));
  REQUIRE(::truncate(f.segment_path().c_str(), static_cast<off_t>(f.progress.durable + 4096)) == 0);
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
  test::flip(f.segment_path(),
             kSegmentHeaderSize + 9);  // the length of the first record's envelope
  CHECK(f.read_all() == std::vector<std::string>{"damage", "message 7"});
}

namespace {

class CountingDisk final : public test::ForwardingDisk {
 public:
  Result<std::size_t> read(int fd, std::uint64_t offset, std::span<char> to) override {
    auto n = ForwardingDisk::read(fd, offset, to);
    octets += n.value_or(0);
    return n;
  }
  std::uint64_t octets = 0;
};

}  // namespace

// A sender who knows the format, and a disk that damages the header before the content.
TEST_CASE("spool reader: a search through forged headers reads each octet a few times",
          "[spool][slow]") {
  Fixture f;
  f.options.large_message = 10U << 20U;
  const std::string forged =
      encode(RecordHeader{.kind = RecordKind::message, .envelope_length = 500'000}, {}, 0, 0);
  std::string content;
  while (content.size() < (1U << 20U)) content += forged;
  REQUIRE(f.accept(content));
  REQUIRE(f.accept("after\r\n"));
  test::flip(f.segment_path(), kSegmentHeaderSize + 9);
  CountingDisk disk;
  CHECK(f.read_all(true, disk) == Lines{"damage", "message 7"});
  CHECK(disk.octets < 3 * content.size());
}

}  // namespace spool_segment_reader_test
