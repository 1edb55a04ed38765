#include "common/net/dns_records.h"

#include <catch2/catch.hpp>

namespace net_dns_records_test {

using namespace postrider;
using namespace postrider::net;

namespace {

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

// An answer to a question for example.org, whose name is at octet 12.
std::string message(unsigned type, const std::vector<std::string>& answers) {
  std::string octets =
      u16(1) + u16(0x8180) + u16(1) + u16(static_cast<unsigned>(answers.size())) + u16(0) + u16(0);
  octets += std::string("\7EXAMPLE\3org\0", 13) + u16(type) + u16(1);
  for (const std::string& data : answers)
    octets += u16(0xc00c) + u16(type) + u16(1) + u16(0) + u16(60) +
              u16(static_cast<unsigned>(data.size())) + data;
  return octets;
}

std::vector<std::string> records(RecordType type, const std::vector<std::string>& answers) {
  const std::string octets = message(static_cast<unsigned>(type), answers);
  return records_of({reinterpret_cast<const unsigned char*>(octets.data()), octets.size()}, type);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("dns records: each type is written as in a zone", "[net]") {
  CHECK(records(RecordType::a, {std::string("\xc0\0\2\1", 4)}) == Texts{"192.0.2.1"});
  CHECK(records(RecordType::aaaa, {std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') +
                                   "\1"}) == Texts{"2001:db8::1"});
  CHECK(records(RecordType::mx, {u16(10) + u16(0xc00c)}) == Texts{"10 example.org."});
  CHECK(records(RecordType::srv, {u16(0) + u16(1) + u16(465) + u16(0xc00c)}) ==
        Texts{"0 1 465 example.org."});
  CHECK(records(RecordType::txt, {"\5v=spf\5"
                                  "1 mx "}) == Texts{"v=spf1 mx "});
}

TEST_CASE("dns records: what is malformed is left out", "[net]") {
  CHECK(records(RecordType::a, {"\1\2\3"}).empty());
  CHECK(records(RecordType::mx, {u16(10)}).empty());
  CHECK(records(RecordType::mx, {"\1"}).empty());
  CHECK(records(RecordType::srv, {u16(0) + u16(1)}).empty());
  CHECK(records(RecordType::txt, {"\x09short"}).empty());
  CHECK(records_of({}, RecordType::a).empty());
}

TEST_CASE("dns records: an answer that is cut off anywhere is read without harm", "[net]") {
  const std::string whole = message(15, {u16(10) + u16(0xc00c), u16(20) + u16(0xc00c)});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<unsigned char> cut(whole.begin(), whole.begin() + static_cast<long>(n));
    CHECK(records_of(cut, RecordType::mx).size() <= 2);
  }
}

TEST_CASE("dns records: no more than the limit are read", "[net]") {
  CHECK(records(RecordType::txt, Texts(kMaxRecords + 5, "\1x")).size() == kMaxRecords);
}

}  // namespace net_dns_records_test
