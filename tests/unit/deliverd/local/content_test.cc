#include "deliverd/local/content.h"

#include <catch2/catch.hpp>

#include "tests/unit/deliverd/local/source_file.h"

namespace deliverd_local_content_test {

using namespace postrider::deliverd;
using Status = Content::Status;

namespace {

Status read_all(const ContentPlace& place, std::string& all) {
  Content content(place);
  std::string piece;
  while (true) {
    const Status status = content.next(piece);
    all += piece;
    if (status != Status::more) return status;
  }
}

}  // namespace

TEST_CASE("local content: is read from its place, with LF line ends", "[deliverd][slow]") {
  std::string text;
  const std::size_t lines = GENERATE(values<std::size_t>({0, 1, 100, 60'000}));
  std::string expected;
  for (std::size_t i = 0; i < lines; ++i) {
    text += "line " + std::to_string(i) + "\r\n";
    expected += "line " + std::to_string(i) + "\n";
  }
  const SourceFile source(text);
  std::string all;
  CHECK(read_all({source.fd(), SourceFile::kOffset, source.length(), source.checksum()}, all) ==
        Status::end);
  CHECK(all == expected);
}

TEST_CASE("local content: what is not what the checksum says is corrupt", "[deliverd]") {
  const SourceFile source("text\r\n");
  std::string all;
  CHECK(read_all({source.fd(), SourceFile::kOffset, source.length(), source.checksum() + 1}, all) ==
        Status::corrupt);
  CHECK(read_all({source.fd(), SourceFile::kOffset + 1, source.length(), source.checksum()}, all) ==
        Status::corrupt);
  CHECK(read_all({source.fd(), SourceFile::kOffset, 1'000, source.checksum()}, all) ==
        Status::corrupt);
}

TEST_CASE("local content: any flipped bit is noticed", "[deliverd]") {
  const SourceFile source("Subject: bits\r\n\r\neach of them\r\n");
  const ContentPlace place{source.fd(), SourceFile::kOffset, source.length(), source.checksum()};
  for (std::uint64_t bit = 0; bit < 8 * source.length(); ++bit) {
    const auto at = static_cast<off_t>(SourceFile::kOffset + bit / 8);
    char octet = 0;
    REQUIRE(::pread(source.fd(), &octet, 1, at) == 1);
    const char flipped = static_cast<char>(octet ^ (1 << (bit % 8)));
    REQUIRE(::pwrite(source.fd(), &flipped, 1, at) == 1);
    std::string all;
    CAPTURE(bit);
    CHECK(read_all(place, all) == Status::corrupt);
    REQUIRE(::pwrite(source.fd(), &octet, 1, at) == 1);
  }
  std::string all;
  CHECK(read_all(place, all) == Status::end);
}

TEST_CASE("local content: a descriptor that cannot be read is not corruption", "[deliverd]") {
  std::string all;
  CHECK(read_all({-1, 0, 10, 0}, all) == Status::unreadable);
}

}  // namespace deliverd_local_content_test
