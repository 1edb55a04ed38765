#include "common/maildir/file_name.h"

#include <catch2/catch.hpp>

namespace maildir_file_name_test {

using namespace postrider;
using namespace postrider::maildir;

namespace {
const MessageId kId = *MessageId::parse("0123456789abcdefghij");
}

TEST_CASE("maildir file name: the base tells time, message and mailbox apart", "[maildir]") {
  const std::string base = base_name(1'800'000'000, kId, "ann@example.test", "mx.test");
  CHECK(base.starts_with("1800000000.0123456789abcdefghij"));
  CHECK(base.ends_with(".mx.test"));
  CHECK(base.size() == 10 + 1 + 36 + 1 + 7);
  CHECK(base == base_name(1'800'000'000, kId, "ann@example.test", "mx.test"));
  CHECK(base != base_name(1'800'000'000, kId, "bob@example.test", "mx.test"));
  CHECK(base != base_name(1'800'000'000, MessageId(), "ann@example.test", "mx.test"));
}

TEST_CASE("maildir file name: a host's name cannot leave its place in the file name", "[maildir]") {
  CHECK(host_label("mx.example-1.test") == "mx.example-1.test");
  CHECK(host_label("a/b:2,S=1\n") == "a_b_2_S_1_");
  CHECK(host_label(std::string(300, 'a')).size() == 64);
}

TEST_CASE("maildir file name: base, parameters and flags are found whatever is missing",
          "[maildir]") {
  struct Row {
    std::string_view name, base, stem, flags;
    std::optional<std::int64_t> seconds;
    std::optional<std::uint64_t> size, wire_size;
  };
  const auto row = GENERATE(values<Row>({
      {"1.u.h,S=2,W=3:2,FS", "1.u.h", "1.u.h,S=2,W=3", ":2,FS", 1, 2, 3},
      {"1.u.h,W=3,S=2", "1.u.h", "1.u.h,W=3,S=2", "", 1, 2, 3},
      {"1.u.h,S=2:2,", "1.u.h", "1.u.h,S=2", ":2,", 1, 2, {}},
      {"1.u.h", "1.u.h", "1.u.h", "", 1, {}, {}},
      {"1.u.h:2,S=5", "1.u.h", "1.u.h", ":2,S=5", 1, {}, {}},
      {"note", "note", "note", "", {}, {}, {}},
      {"-1.u.h,S=-2,W=", "-1.u.h", "-1.u.h,S=-2,W=", "", {}, {}, {}},
      {"x.u.h,S=2x,W=99999999999999999999",
       "x.u.h",
       "x.u.h,S=2x,W=99999999999999999999",
       "",
       {},
       {},
       {}},
      {",S=1", "", ",S=1", "", {}, 1, {}},
      {"", "", "", "", {}, {}, {}},
  }));
  CAPTURE(row.name);
  const FileName parsed = FileName::parse(row.name);
  CHECK(parsed.base == row.base);
  CHECK(parsed.stem == row.stem);
  CHECK(parsed.flags == row.flags);
  CHECK(parsed.seconds == row.seconds);
  CHECK(parsed.size == row.size);
  CHECK(parsed.wire_size == row.wire_size);
}

TEST_CASE("maildir file name: missing sizes are added to the stem, present ones stay",
          "[maildir]") {
  const auto sized = [](std::string_view name) {
    return with_sizes(FileName::parse(name), {7, 9, std::nullopt});
  };
  CHECK(sized("1.u.h:2,S") == "1.u.h,S=7,W=9");
  CHECK(sized("1.u.h,S=7") == "1.u.h,S=7,W=9");
  CHECK(sized("1.u.h,W=9") == "1.u.h,W=9,S=7");
}

TEST_CASE("maildir file name: the unique-id of our own file is its unique part", "[maildir]") {
  const std::string base = base_name(1'800'000'000, kId, "ann@example.test", "mx.test");
  CHECK(unique_id(base) == base.substr(11, 36));
}

TEST_CASE("maildir file name: the unique-id of a foreign file has 1 to 70 visible characters",
          "[maildir]") {
  CHECK(unique_id("1.V801I2M3.host") == "1.V801I2M3.host");
  const std::string base =
      GENERATE(std::string(), std::string(71, 'a'), std::string("a b"), std::string("a\nb"),
               std::string("a\xc3\xa4"), std::string("a\x7f"));
  const std::string id = unique_id(base);
  CHECK(id.size() == 32);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(unique_id(base) != unique_id(base + "x"));
}

TEST_CASE("maildir file name: U= is the unique-id, where it is one", "[maildir]") {
  const auto id = [](std::string_view name) { return unique_id(FileName::parse(name)); };
  CHECK(id("1.a.h,U=old-7,S=2") == "old-7");
  CHECK(id("1.a.h,S=2,U=a%2Fb%3A%2C%25:2,S") == "a/b:,%");
  CHECK(id("1.a.h,U=") == "1.a.h");
  for (const char* bad :
       {"1.a.h,U=a%2", "1.a.h,U=%41", "1.a.h,U=%2f", "1.a.h,U=a b", "1.a.h,U=%00"})
    CHECK(id(bad) == "1.a.h");
  CHECK(id("1.a.h,U=" + std::string(71, 'x')) == "1.a.h");
}

TEST_CASE("maildir file name: a unique-id goes into a name and comes out again", "[maildir]") {
  for (const std::string id : {"x", "a/b:c,d%e", "<1@h>", "\"~!"}) {
    const std::string stem = with_unique_id(FileName::parse("1.a.h,S=2,U=old,W=3:2,S"), id);
    CHECK(stem.starts_with("1.a.h,S=2,W=3,U="));
    CHECK(stem.find_first_of("/:") == std::string::npos);
    CHECK(unique_id(FileName::parse(stem)) == id);
  }
  CHECK(with_unique_id(FileName::parse(",S=1"), "x") == ",S=1,U=x");
}

TEST_CASE("maildir file name: a time after the year 9999 is none", "[maildir]") {
  CHECK(FileName::parse("253402300799.u.h").seconds == kMaxSeconds);
  CHECK_FALSE(FileName::parse("253402300800.u.h").seconds);
  CHECK_FALSE(FileName::parse("9223372036854775807.u.h").seconds);
}

TEST_CASE("maildir file name: a message has a time that has a date, whatever its file says",
          "[maildir]") {
  CHECK(seconds_of(FileName::parse("17.a.h"), 18) == 17);
  CHECK(seconds_of(FileName::parse("note"), 18) == 18);
  CHECK(seconds_of(FileName::parse("note"), -1) == 0);
  CHECK(seconds_of(FileName::parse("note"), kMaxSeconds + 1) == kMaxSeconds);
}

}  // namespace maildir_file_name_test
