#include "ctl/backup/file_list.h"

#include <fstream>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace ctl_backup_file_list_test {

using namespace postrider;
using namespace postrider::ctl::backup;
using postrider::test::TempDirectory;

namespace {

Entry entry(std::size_t number) {
  return {.path = fmt::format("mail/{}/{}", number, std::string(1 + number % 4000, 'x')),
          .size = number,
          .mode = 0600,
          .owner = "vmail",
          .group = "vmail",
          .checksum = number};
}

}  // namespace

TEST_CASE("backup list: lines of all lengths are read as they were written", "[backup][slow]") {
  const TempDirectory directory;
  const std::string path = directory.path("list");
  constexpr std::size_t kEntries = 500;
  auto writer = FileListWriter::create(path);
  REQUIRE(writer);
  for (std::size_t i = 0; i < kEntries; ++i) REQUIRE(writer->add(entry(i * 17)));
  const auto written = writer->finish();
  REQUIRE(written);
  CHECK(*written == *sum_octets(path));
  auto reader = FileListReader::open(path);
  REQUIRE(reader);
  for (std::size_t i = 0; i < kEntries; ++i) {
    const auto read = reader->next();
    REQUIRE(read);
    REQUIRE(read->has_value());
    CHECK(**read == entry(i * 17));
  }
  CHECK_FALSE(reader->next().value().has_value());
}

TEST_CASE("backup list: a line without an end, or too long, is corrupt, and its number is told",
          "[backup]") {
  const TempDirectory directory;
  const std::string path = directory.path("list");
  for (const std::string& tail : {std::string("{"), std::string(1 << 20, 'x')}) {
    std::ofstream(path) << to_line(entry(1)) << tail;
    auto reader = FileListReader::open(path);
    REQUIRE(reader);
    REQUIRE(reader->next());
    const auto read = reader->next();
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::corrupt);
    CHECK(read.error().text.find(path + ":2: ") == 0);
  }
}

TEST_CASE("backup list: an empty one has nothing in it", "[backup]") {
  const TempDirectory directory;
  auto writer = FileListWriter::create(directory.path("list"));
  REQUIRE(writer);
  CHECK(writer->finish()->size == 0);
  auto reader = FileListReader::open(directory.path("list"));
  REQUIRE(reader);
  CHECK_FALSE(reader->next().value().has_value());
}

}  // namespace ctl_backup_file_list_test
