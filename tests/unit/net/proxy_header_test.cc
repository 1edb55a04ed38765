#include "common/net/proxy_header.h"

#include <string>

#include <catch2/catch.hpp>

namespace net_proxy_header_test {

using namespace postrider;
using namespace postrider::net;
using Source = ProxyHeader::Source;
using Step = ProxyHeaderReader::Step;

namespace {

constexpr std::string_view kRest = "EHLO client.test\r\n";

// A header of version 2: `command` is the 13th octet, `family` the 14th.
std::string binary(int command, int family, const std::string& rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() / 256);
  header += static_cast<char>(rest.size() % 256);
  return header + rest;
}

std::string octets(std::initializer_list<int> list) {
  std::string text;
  for (const int octet : list) text += static_cast<char>(octet);
  return text;
}

const std::string kInet = octets({192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 0x04, 0, 25});
const std::string kInet6 = octets({0x20, 1, 0xd, 0xb8}) + std::string(11, '\0') + '\1' +
                           std::string(16, '\2') + octets({0x12, 0x34, 0, 25});

// Reads `header`, `step` octets at a time; CHECKs that nothing behind it is taken.
Step read(ProxyHeaderReader& reader, std::string_view header, std::size_t step) {
  const std::string all = std::string(header) + std::string(kRest);
  std::string_view left = all;
  while (!left.empty()) {
    const std::string piece(left.substr(0, step));
    std::string_view input = piece;
    const Step result = reader.take(input);
    left.remove_prefix(piece.size() - input.size());
    if (result == Step::done) CHECK(left == kRest);
    if (result != Step::incomplete) return result;
    REQUIRE(input.empty());
  }
  return Step::incomplete;
}

}  // namespace

TEST_CASE("net proxy header: who the client is, whatever the pieces it comes in", "[net]") {
  struct Case {
    std::string header;
    Source source;
    std::string address;
  };
  const Case cases[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n", Source::client, "192.0.2.1:56324"},
      {"PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", Source::client, "[2001:db8::1]:0"},
      {"PROXY UNKNOWN\r\n", Source::unknown, "0.0.0.0:0"},
      {"PROXY UNKNOWN ffff::1 ::1 65535 25 \r\n", Source::unknown, "0.0.0.0:0"},
      {binary(0x21, 0x11, kInet), Source::client, "192.0.2.1:56324"},
      {binary(0x21, 0x10, kInet), Source::client, "192.0.2.1:56324"},
      {binary(0x21, 0x21, kInet6), Source::client, "[2001:db8::1]:4660"},
      {binary(0x21, 0x31, std::string(216, 'x')), Source::unknown, "0.0.0.0:0"},
      {binary(0x21, 0x00, ""), Source::unknown, "0.0.0.0:0"},
      {binary(0x20, 0x00, ""), Source::proxy, "0.0.0.0:0"},
      {binary(0x20, 0x11, kInet), Source::proxy, "0.0.0.0:0"},
      {binary(0x20, 0xff, "\x3"), Source::proxy, "0.0.0.0:0"},
      // Fields behind the addresses: an authority, one of no length, a checksum.
      {binary(0x21, 0x11, kInet + octets({2, 0, 4, 'h', 'o', 's', 't', 0xe0, 0, 0})),
       Source::client, "192.0.2.1:56324"},
      {binary(0x21, 0x11, kInet + octets({3, 0, 4, 0x2c, 0x39, 0x36, 0xe2})), Source::client,
       "192.0.2.1:56324"},
      {binary(0x21, 0x11, kInet + octets({4, 0x0f, 0xe1}) + std::string(4065, 'x')), Source::client,
       "192.0.2.1:56324"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.header);
    for (std::size_t step = 1; step <= c.header.size() + kRest.size(); ++step) {
      if (step > 40 && step < c.header.size()) step = c.header.size();
      ProxyHeaderReader reader;
      REQUIRE(read(reader, c.header, step) == Step::done);
      CHECK(reader.header().source == c.source);
      CHECK(reader.header().address.str() == c.address);
    }
  }
}

TEST_CASE("net proxy header: what is ill-formed is refused, and not guessed at", "[net]") {
  const auto [header, defect] = GENERATE(table<std::string, std::string>({
      {"EHLO client.test\r\n", "it begins as no PROXY header does"},
      {"\x16\x03\x01", "it begins as no PROXY header does"},
      {"proxy TCP4 192.0.2.1 198.51.100.1 1 25\r\n", "it begins as no PROXY header does"},
      {"PROXY\r\n", "it begins as no PROXY header does"},
      {"PROXY UDP4 192.0.2.1 198.51.100.1 1 25\r\n", "its line names no family that there is"},
      {"PROXY \r\n", "its line names no family that there is"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1 25 \r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1 25 x\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4  192.0.2.1 198.51.100.1 1 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 01 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.256 198.51.100.1 1 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 ::1 ::1 1 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP6 192.0.2.1 198.51.100.1 1 25\r\n", "the addresses of its line are wrong"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1 25\n\r\n", "the addresses of its line are wrong"},
      {"PROXY UNKNOWN" + std::string(93, 'x') + "\r\n", "its line is too long"},
      {std::string("\r\n\r\n\0\r\nQUIT\r", 12), "it begins as no PROXY header does"},
      {binary(0x11, 0x11, kInet), "its version or command is unknown"},
      {binary(0x22, 0x11, kInet), "its version or command is unknown"},
      {binary(0x21, 0x41, kInet), "its family is unknown"},
      {binary(0x21, 0x13, kInet), "its family is unknown"},
      {binary(0x21, 0x12, kInet), "its client sends datagrams"},
      {binary(0x21, 0x11, kInet.substr(1)), "its addresses are cut off"},
      {binary(0x21, 0x21, kInet6.substr(1)), "its addresses are cut off"},
      {binary(0x21, 0x31, std::string(215, 'x')), "its addresses are cut off"},
      {binary(0x21, 0x11, kInet + octets({2, 0})), "its last field is cut off"},
      {binary(0x21, 0x11, kInet + octets({2, 0, 2, 'x'})), "its last field is cut off"},
      {binary(0x21, 0x11, kInet + octets({2, 255, 255, 'x'})), "its last field is cut off"},
      {binary(0x21, 0x11, kInet + octets({3, 0, 3, 1, 2, 3})), "its checksum has not four octets"},
      {binary(0x21, 0x11, kInet + octets({3, 0, 4, 0x2c, 0x39, 0x36, 0xe3})),
       "its checksum is wrong"},
      {binary(0x21, 0x11, std::string(4081, 'x')), "it is too long"},
  }));
  CAPTURE(header);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, header.size()}) {
    ProxyHeaderReader reader;
    REQUIRE(read(reader, header, step) == Step::bad);
    CHECK(reader.defect() == defect);
  }
}

TEST_CASE("net proxy header: a line of 107 octets is the longest", "[net]") {
  ProxyHeaderReader reader;
  const std::string header = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";
  REQUIRE(header.size() == ProxyHeaderReader::kMaxLine);
  CHECK(read(reader, header, 1) == Step::done);
}

}  // namespace net_proxy_header_test
