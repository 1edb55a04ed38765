#include "common/net/cares_resolver.h"

#include <sys/socket.h>

#include <map>
#include <optional>

#include <catch2/catch.hpp>

namespace net_cares_resolver_test {

using namespace postrider;
using namespace postrider::net;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kMx = 15, kAaaa = 28;

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::string u32(unsigned value) { return u16(value >> 16U) + u16(value & 0xffffU); }

std::string dns_name(std::string_view name) {
  std::string wire;
  while (!name.empty() && name != ".") {
    const std::size_t dot = std::min(name.find('.'), name.size());
    wire += static_cast<char>(dot);
    wire += name.substr(0, dot);
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return wire + '\0';
}

struct Record {
  std::string owner;
  std::uint16_t type;
  std::string data;
  unsigned ttl = 60;
};

// What the server says to one question.
struct Zone {
  unsigned rcode = 0;
  std::vector<Record> answer;
  bool silent = false;
  bool truncated = false;
  std::vector<Record> authority = {};
};

Record mx(const std::string& owner, unsigned preference, std::string_view host) {
  return {owner, kMx, u16(preference) + dns_name(host)};
}
Record address(const std::string& owner, std::string_view ip) {
  const auto parsed = IpAddress::parse(ip);
  return {owner, parsed->is_v4() ? kA : kAaaa, std::string(parsed->octets())};
}

// A DNS server of a few lines on a free UDP port of the loop.
class FakeServer {
 public:
  explicit FakeServer(event::EventLoop& loop)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)),
        watch_(loop, fd_.get(), event::Watch::For::reading, [this] { answer(); }) {
    sockaddr_storage storage{};
    socklen_t length = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.fill(storage);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
    address = SocketAddress::from(storage).str();
    watch_.enable();
  }

  std::string address;
  std::map<std::pair<std::string, std::uint16_t>, Zone> zones;

 private:
  void answer() {
    while (answer_one()) continue;
  }

  // False: no question waits.
  bool answer_one() {
    char octets[1500];
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t n = ::recvfrom(fd_.get(), octets, sizeof octets, 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (n < 17) return false;
    const std::string_view question(octets + 12, static_cast<std::size_t>(n) - 12);
    std::string name;
    std::size_t at = 0;
    for (; question[at] != 0; at += static_cast<std::size_t>(question[at]) + 1)
      name += (name.empty() ? "" : ".") +
              std::string(question.substr(at + 1, static_cast<std::size_t>(question[at])));
    const auto type = static_cast<std::uint16_t>(question[at + 2]);
    const auto found = zones.find({name, type});
    const Zone zone = found == zones.end() ? Zone{3, {}, false, false} : found->second;
    if (zone.silent) return true;
    std::string reply(octets, 2);
    reply += u16(0x8180U | zone.rcode | (zone.truncated ? 0x0200U : 0U));
    reply += u16(1) + u16(static_cast<unsigned>(zone.answer.size())) +
             u16(static_cast<unsigned>(zone.authority.size())) + u16(0);
    reply += question.substr(0, at + 5);
    for (const auto* section : {&zone.answer, &zone.authority})
      for (const Record& record : *section)
        reply += (record.owner == name ? "\xc0\x0c" : dns_name(record.owner)) + u16(record.type) +
                 u16(1) + u32(record.ttl) + u16(static_cast<unsigned>(record.data.size())) +
                 record.data;
    ::sendto(fd_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    return true;
  }

  Fd fd_;
  event::Watch watch_;
};

struct Fixture {
  event::EventLoop loop;
  FakeServer server{loop};
  CaresResolver resolver{loop, {{server.address}, 50ms, 1}};

  MxAnswer find_mx(const std::string& domain) {
    std::optional<MxAnswer> answer;
    const PendingPtr pending = resolver.find_mx(domain, [&](MxAnswer a) {
      answer = std::move(a);
      loop.stop();
    });
    REQUIRE_FALSE(answer);
    loop.run();
    REQUIRE(answer);
    return *answer;
  }
  NameAnswer find_names(std::string_view address) {
    std::optional<NameAnswer> answer;
    const PendingPtr pending = resolver.find_names(*IpAddress::parse(address), [&](NameAnswer a) {
      answer = std::move(a);
      loop.stop();
    });
    loop.run();
    REQUIRE(answer);
    return *answer;
  }
  AddressAnswer find_addresses(const std::string& host) {
    std::optional<AddressAnswer> answer;
    const PendingPtr pending = resolver.find_addresses(host, [&](AddressAnswer a) {
      answer = std::move(a);
      loop.stop();
    });
    REQUIRE_FALSE(answer);
    loop.run();
    REQUIRE(answer);
    return *answer;
  }
};

std::vector<std::string> names(const AddressAnswer& answer) {
  std::vector<std::string> text;
  for (const IpAddress& ip : answer.addresses) text.push_back(ip.str());
  return text;
}

}  // namespace

TEST_CASE("cares resolver: MX records come by preference, in lower case, equals as they came",
          "[net]") {
  Fixture f;
  f.server.zones[{"x.test", kMx}].answer = {
      mx("x.test", 20, "B.x.test"), mx("x.test", 10, "c.x.test"), mx("x.test", 20, "a.x.test")};
  const MxAnswer answer = f.find_mx("x.test");
  CHECK(answer.status == DnsStatus::found);
  CHECK(answer.records ==
        std::vector<MxRecord>{{10, "c.x.test"}, {20, "b.x.test"}, {20, "a.x.test"}});
}

TEST_CASE("cares resolver: null MX is an empty exchange", "[net]") {
  Fixture f;
  f.server.zones[{"x.test", kMx}].answer = {mx("x.test", 0, ".")};
  CHECK(f.find_mx("x.test").records == std::vector<MxRecord>{{0, ""}});
}

TEST_CASE("cares resolver: no more than kMaxMx records are kept", "[net]") {
  Fixture f;
  auto& answer = f.server.zones[{"x.test", kMx}].answer;
  for (unsigned i = 0; i < Resolver::kMaxMx + 10; ++i) answer.push_back(mx("x.test", i, "a"));
  CHECK(f.find_mx("x.test").records.size() == Resolver::kMaxMx);
}

TEST_CASE("cares resolver: each failure has its status and a reason for people", "[net]") {
  struct Case {
    Zone zone;
    DnsStatus status;
    std::string reason;
  };
  const std::string kNoServer =
      "x.test MX: no DNS server had an answer (unreachable, SERVFAIL or REFUSED)";
  const std::vector<Case> cases{
      {{0, {}, false, false}, DnsStatus::no_data, "x.test MX: there is no such record"},
      {{3, {}, false, false}, DnsStatus::no_domain, "x.test MX: the name does not exist"},
      {{2, {}, false, false}, DnsStatus::temporary, kNoServer},
      {{5, {}, false, false}, DnsStatus::temporary, kNoServer},
      {{0, {}, true, false}, DnsStatus::temporary, "x.test MX: no DNS server answered in time"},
      // Nobody listens on the TCP port that a truncated answer sends us to.
      {{0, {}, false, true}, DnsStatus::temporary, kNoServer},
      {{0, {{"x.test", kMx, u16(10) + "\x3f" + "short"}}, false, false},
       DnsStatus::temporary,
       "x.test MX: the DNS server's answer is malformed"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.reason);
    Fixture f;
    f.server.zones[{"x.test", kMx}] = c.zone;
    const MxAnswer answer = f.find_mx("x.test");
    CHECK(answer.status == c.status);
    CHECK(answer.reason == c.reason);
  }
}

TEST_CASE("cares resolver: an answer may be remembered for the least of its records' TTLs",
          "[net]") {
  Fixture f;
  f.server.zones[{"x.test", kMx}].answer = {{"x.test", kCname, dns_name("y.test"), 300},
                                            {"y.test", kMx, u16(10) + dns_name("a"), 7200},
                                            {"y.test", kMx, u16(20) + dns_name("b"), 900}};
  CHECK(f.find_mx("x.test").ttl == 300s);
  f.server.zones[{"h.test", kA}].answer = {{"h.test", kA, std::string("\xc0\0\2\1", 4), 500}};
  f.server.zones[{"h.test", kAaaa}] = {
      0,
      {},
      false,
      false,
      {{"test", kSoa, dns_name(".") + dns_name(".") + std::string(16, '\0') + u32(90), 40}}};
  CHECK(f.find_addresses("h.test").ttl == 40s);
}

TEST_CASE("cares resolver: a negative answer may be remembered for what its SOA says", "[net]") {
  const auto soa = [](unsigned minimum, unsigned ttl) {
    return Record{"test", kSoa,
                  dns_name(".") + dns_name(".") + std::string(16, '\0') + u32(minimum), ttl};
  };
  Fixture f;
  f.server.zones[{"x.test", kMx}] = {3, {}, false, false, {soa(90, 3600)}};
  CHECK(f.find_mx("x.test").ttl == 90s);
  f.server.zones[{"x.test", kMx}] = {0, {}, false, false, {soa(3600, 30)}};
  CHECK(f.find_mx("x.test").ttl == 30s);
  f.server.zones[{"x.test", kMx}] = {0, {}, false, false, {}};
  CHECK(f.find_mx("x.test").ttl == 0s);
}

TEST_CASE("cares resolver: a referral is no answer, a negative one that names servers is",
          "[net]") {
  Fixture f;
  const Record server{"test", kNs, dns_name("ns.test")};
  const Record soa{"test", kSoa, dns_name(".") + dns_name(".") + std::string(20, '\0')};
  f.server.zones[{"x.test", kMx}] = {0, {}, false, false, {server}};
  const MxAnswer lame = f.find_mx("x.test");
  CHECK(lame.status == DnsStatus::temporary);
  CHECK(lame.reason ==
        "x.test MX: the DNS server has no answer but refers to others (it is lame here)");
  f.server.zones[{"x.test", kMx}].authority.push_back(soa);
  CHECK(f.find_mx("x.test").status == DnsStatus::no_data);
}

TEST_CASE("cares resolver: a name that cannot be asked for does not exist", "[net]") {
  Fixture f;
  CHECK(f.find_mx("a..test").status == DnsStatus::no_domain);
  CHECK(f.find_mx(std::string(64, 'a') + ".test").status == DnsStatus::no_domain);
}

TEST_CASE("cares resolver: addresses are A and AAAA together, through CNAME", "[net]") {
  Fixture f;
  f.server.zones[{"mx.test", kA}].answer = {{"mx.test", kCname, dns_name("h.test")},
                                            address("h.test", "192.0.2.1"),
                                            address("h.test", "192.0.2.2")};
  f.server.zones[{"mx.test", kAaaa}].answer = {{"mx.test", kCname, dns_name("h.test")},
                                               address("h.test", "2001:db8::1")};
  const AddressAnswer answer = f.find_addresses("mx.test");
  CHECK(answer.status == DnsStatus::found);
  CHECK(names(answer) == std::vector<std::string>{"192.0.2.1", "192.0.2.2", "2001:db8::1"});
}

TEST_CASE("cares resolver: a CNAME to a name without such records is no data", "[net]") {
  Fixture f;
  for (const std::uint16_t type : {kMx, kA, kAaaa})
    f.server.zones[{"www.test", type}].answer = {{"www.test", kCname, dns_name("h.test")}};
  const std::string arpa = "9.113.0.203.in-addr.arpa";
  f.server.zones[{arpa, kPtr}].answer = {{arpa, kCname, dns_name("9.far.test")}};
  CHECK(f.find_mx("www.test").status == DnsStatus::no_data);
  CHECK(f.find_addresses("www.test").status == DnsStatus::no_data);
  CHECK(f.find_names("203.0.113.9").status == DnsStatus::no_data);
}

TEST_CASE("cares resolver: one kind of address is enough, whatever the other question met",
          "[net]") {
  const auto rcode = GENERATE(0U, 2U, 3U);
  const auto has = GENERATE(values<std::uint16_t>({kA, kAaaa}));
  Fixture f;
  f.server.zones[{"mx.test", has}].answer = {
      address("mx.test", has == kA ? "192.0.2.1" : "2001:db8::1")};
  f.server.zones[{"mx.test", has == kA ? kAaaa : kA}].rcode = rcode;
  const AddressAnswer answer = f.find_addresses("mx.test");
  CHECK(answer.status == DnsStatus::found);
  CHECK(answer.addresses.size() == 1);
}

TEST_CASE("cares resolver: without addresses a failed question leaves it open", "[net]") {
  Fixture f;
  f.server.zones[{"mx.test", kA}] = {};
  f.server.zones[{"mx.test", kAaaa}].rcode = 2;
  CHECK(f.find_addresses("mx.test").status == DnsStatus::temporary);
  f.server.zones[{"mx.test", kAaaa}].rcode = 0;
  CHECK(f.find_addresses("mx.test").status == DnsStatus::no_data);
  CHECK(f.find_addresses("absent.test").status == DnsStatus::no_domain);
}

TEST_CASE("cares resolver: all names of an address, in lower case, through CNAME (RFC 2317)",
          "[net]") {
  Fixture f;
  const std::string arpa = "9.113.0.203.in-addr.arpa";
  f.server.zones[{arpa, kPtr}].answer = {{arpa, kCname, dns_name("9.far.test")},
                                         {"9.far.test", kPtr, dns_name("Out.far.test")},
                                         {"9.far.test", kPtr, dns_name("b.far.test")}};
  const NameAnswer answer = f.find_names("203.0.113.9");
  CHECK(answer.status == DnsStatus::found);
  CHECK(answer.names == std::vector<std::string>{"out.far.test", "b.far.test"});
  CHECK(f.find_names("2001:db8::1").status == DnsStatus::no_domain);
  f.server.zones[{arpa, kPtr}] = {2, {}, false, false};
  CHECK(f.find_names("203.0.113.9").status == DnsStatus::temporary);
}

TEST_CASE("cares resolver: no more than kMaxNames names of an address are kept", "[net]") {
  Fixture f;
  const std::string arpa = "9.113.0.203.in-addr.arpa";
  auto& answer = f.server.zones[{arpa, kPtr}].answer;
  for (unsigned i = 0; i < Resolver::kMaxNames + 5; ++i)
    answer.push_back({arpa, kPtr, dns_name("n" + std::to_string(i) + ".test")});
  CHECK(f.find_names("203.0.113.9").names.size() == Resolver::kMaxNames);
}

TEST_CASE("cares resolver: localhost is known without a question", "[net]") {
  Fixture f;
  CHECK(names(f.find_addresses("LocalHost")) == std::vector<std::string>{"127.0.0.1", "::1"});
}

TEST_CASE("cares resolver: a cancelled question is never answered", "[net]") {
  Fixture f;
  f.server.zones[{"x.test", kMx}].answer = {mx("x.test", 10, "a.test")};
  bool answered = false;
  PendingPtr cancelled = f.resolver.find_mx("x.test", [&](const MxAnswer&) { answered = true; });
  cancelled.reset();
  CHECK(f.find_mx("x.test").status == DnsStatus::found);
  CHECK_FALSE(answered);
}

TEST_CASE("cares resolver: no answer of a crowd is lost for want of room in the socket", "[net]") {
  event::EventLoop loop;
  FakeServer server(loop);
  // A question whose answer is lost fails after this time: it is not asked again.
  CaresResolver resolver(loop, {{server.address}, 5s, 1});
  server.zones[{"x.test", kMx}].answer = {mx("x.test", 10, "a.test")};
  constexpr std::size_t kCrowd = 1500;
  std::vector<PendingPtr> pending;
  std::size_t found = 0;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < kCrowd; ++i)
    pending.push_back(resolver.find_mx("x.test", [&](const MxAnswer& answer) {
      found += answer.records.size();
      if (++answered == kCrowd) loop.stop();
    }));
  loop.run();
  CHECK(found == kCrowd);
}

TEST_CASE("cares resolver: a server that is no address is refused at the start", "[net]") {
  event::EventLoop loop;
  CHECK_THROWS_AS((CaresResolver{loop, {{"dns.example.org"}, 50ms, 1}}), std::runtime_error);
}

}  // namespace net_cares_resolver_test
