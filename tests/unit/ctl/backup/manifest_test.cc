#include "ctl/backup/manifest.h"

#include <catch2/catch.hpp>

namespace ctl_backup_manifest_test {

using namespace postrider;
using namespace postrider::ctl::backup;

namespace {

Manifest example() {
  return {.program = "0.1.0",
          .hostname = "mx.example.org",
          .begun_us = 1'800'000'000'000'000,
          .ended_us = 1'800'000'060'000'000,
          .mailboxes = false,
          .files = 7,
          .folders = 3,
          .octets = 123'456,
          .list_size = 999,
          .list_checksum = 0xfedcba9876543210U};
}

}  // namespace

TEST_CASE("backup manifest: what is written is read again", "[backup]") {
  const std::string text = to_text(example());
  CHECK(text.size() < kMaxManifest);
  const auto read = parse_manifest(text);
  REQUIRE(read);
  CHECK(*read == example());
}

TEST_CASE("backup manifest: no digit or letter changes unnoticed", "[backup]") {
  const std::string text = to_text(example());
  std::size_t tried = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const auto read = parse_manifest(damaged);
    // White space between members is not content.
    if (read) CHECK(*read == example());
    if (!read) ++tried;
  }
  CHECK(tried > 250);
}

TEST_CASE("backup manifest: one that is cut off anywhere is corrupt", "[backup]") {
  const std::string text = to_text(example());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    const auto read = parse_manifest(std::string_view(text).substr(0, length));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::corrupt);
  }
}

TEST_CASE("backup manifest: one of a newer format is told from a damaged one", "[backup]") {
  std::string text = to_text(example());
  const std::string format = "\"format\": 1";
  text.replace(text.find(format), format.size(), "\"format\": 2");
  const auto read = parse_manifest(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::invalid);
}

TEST_CASE("backup manifest: what is larger than any manifest is not looked at", "[backup]") {
  CHECK(parse_manifest(std::string(kMaxManifest + 1, ' ')).error().kind == ErrorKind::corrupt);
  CHECK(parse_manifest(std::string(kMaxManifest, '[')).error().kind == ErrorKind::corrupt);
}

}  // namespace ctl_backup_manifest_test
