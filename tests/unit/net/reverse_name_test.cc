#include "common/net/reverse_name.h"

#include <catch2/catch.hpp>

#include "tests/unit/net/fake_resolver.h"

namespace net_reverse_name_test {

using namespace postrider;
using namespace postrider::net;
using postrider::test::addresses;
using postrider::test::FakeResolver;
using Status = ReverseName::Status;

namespace {

struct Fixture {
  ReverseName find() {
    ReverseName found;
    const PendingPtr question =
        find_reverse_name(resolver, *IpAddress::parse("203.0.113.9"), [&](ReverseName name) {
          found = std::move(name);
          loop.stop();
        });
    loop.run();
    return found;
  }
  void call(std::vector<std::string> names) {
    resolver.names["203.0.113.9"] = {DnsStatus::found, std::move(names), ""};
  }

  event::EventLoop loop;
  FakeResolver resolver{loop};
};

}  // namespace

TEST_CASE("reverse name: the first name that has the address is confirmed", "[net]") {
  Fixture f;
  f.call({"a.test", "b.test", "c.test"});
  f.resolver.hosts["a.test"] = addresses({"203.0.113.8"});
  f.resolver.hosts["b.test"] = addresses({"2001:db8::1", "203.0.113.9"});
  const ReverseName name = f.find();
  CHECK(name.status == Status::confirmed);
  CHECK(name.name == "b.test");
  CHECK(f.resolver.questions == 3);
}

TEST_CASE("reverse name: a name of somebody else's confirms nothing", "[net]") {
  Fixture f;
  f.call({"a.test", "absent.test"});
  f.resolver.hosts["a.test"] = addresses({"203.0.113.8"});
  const ReverseName name = f.find();
  CHECK(name.status == Status::unconfirmed);
  CHECK(name.name == "a.test");
}

TEST_CASE("reverse name: no name is none, a failure is not known", "[net]") {
  const auto [dns, status] = GENERATE(table<DnsStatus, Status>({
      {DnsStatus::no_domain, Status::none},
      {DnsStatus::no_data, Status::none},
      {DnsStatus::temporary, Status::temporary},
  }));
  Fixture f;
  f.resolver.names["203.0.113.9"] = {dns, {}, ""};
  CHECK(f.find().status == status);
}

TEST_CASE("reverse name: a name that cannot be asked leaves it open, unless another confirms",
          "[net]") {
  Fixture f;
  f.call({"a.test", "b.test"});
  f.resolver.hosts["a.test"] = {DnsStatus::temporary, {}, ""};
  CHECK(f.find().status == Status::temporary);
  f.resolver.hosts["b.test"] = addresses({"203.0.113.9"});
  CHECK(f.find().status == Status::confirmed);
}

TEST_CASE("reverse name: who is no longer interested is not told", "[net]") {
  Fixture f;
  f.call({"a.test"});
  bool told = false;
  PendingPtr question = find_reverse_name(f.resolver, *IpAddress::parse("203.0.113.9"),
                                          [&](const ReverseName&) { told = true; });
  question.reset();
  for (int turn = 0; turn < 3; ++turn) event_base_loop(f.loop.raw(), EVLOOP_NONBLOCK);
  CHECK_FALSE(told);
  CHECK(f.resolver.questions == 1);
}

}  // namespace net_reverse_name_test
