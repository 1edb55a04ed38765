#include "common/spool/record.h"

#include "tests/unit/spool/fixture.h"

namespace spool_record_test {

using namespace postrider;
using namespace postrider::spool;
using test::newer;

TEST_CASE("spool record: a header comes back as it was written", "[spool]") {
  const auto segment = decode_segment_header(encode(SegmentHeader{.salt = 7, .created_us = 9}));
  REQUIRE(segment);
  CHECK(segment->salt == 7);
  CHECK(segment->created_us == 9);
  CHECK(decode_done_header(encode(DoneHeader{.salt = 7})).value().salt == 7);
}

TEST_CASE("spool record: a newer version is told from damage", "[spool]") {
  const std::string segment = encode(SegmentHeader{.salt = 7, .created_us = 9});
  const std::string done = encode(DoneHeader{.salt = 7});
  const auto refused = decode_segment_header(newer(segment));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().text == "the segment is of version 2, and this release knows version 1");
  CHECK(decode_done_header(newer(done)).error().kind == ErrorKind::invalid);

  std::string damaged = segment;
  damaged[8] = 2;
  CHECK(decode_segment_header(damaged).error().kind == ErrorKind::corrupt);
  CHECK(decode_segment_header(done).error().kind == ErrorKind::corrupt);
  CHECK(decode_done_header(segment).error().kind == ErrorKind::corrupt);
}

TEST_CASE("spool record: a record's header holds at its place in its segment alone", "[spool]") {
  const std::string record = encode(RecordHeader{.content_length = 5}, "envelope", 7, 32);
  CHECK(decode_record_header(record, 7, 32));
  CHECK(decode_record_header(record, 7, 40).error().kind == ErrorKind::corrupt);
  CHECK(decode_record_header(record, 8, 32).error().kind == ErrorKind::corrupt);
}

}  // namespace spool_record_test
