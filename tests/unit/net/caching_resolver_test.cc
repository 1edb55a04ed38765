#include "common/net/caching_resolver.h"

#include <catch2/catch.hpp>

namespace net_caching_resolver_test {

using namespace postrider;
using namespace postrider::net;
using namespace std::chrono_literals;

namespace {

// Counts questions and answers each of them later.
class CountingResolver final : public Resolver {
 public:
  explicit CountingResolver(event::EventLoop& loop) : loop_(loop) {}
  PendingPtr find_mx(const std::string&, UniqueFunction<void(MxAnswer)> done) override {
    ++questions;
    loop_.defer([this, done = std::move(done)]() mutable {
      done({status, {{10, "a.test"}}, "", ttl});
    });
    return std::make_unique<Pending>();
  }
  PendingPtr find_addresses(const std::string&, UniqueFunction<void(AddressAnswer)> done) override {
    ++questions;
    loop_.defer([this, done = std::move(done)]() mutable { done({status, {IpAddress()}, ""}); });
    return std::make_unique<Pending>();
  }
  PendingPtr find_names(const IpAddress&, UniqueFunction<void(NameAnswer)> done) override {
    ++questions;
    loop_.defer([this, done = std::move(done)]() mutable { done({status, {"a.test"}, ""}); });
    return std::make_unique<Pending>();
  }
  int questions = 0;
  DnsStatus status = DnsStatus::found;
  std::chrono::seconds ttl{3600};

 private:
  event::EventLoop& loop_;
};

struct Fixture {
  explicit Fixture(const CachingResolver::Lifetimes& lifetimes = {})
      : resolver(loop, source, lifetimes) {}

  event::EventLoop loop;
  CountingResolver source{loop};
  CachingResolver resolver;
  int answers = 0;

  PendingPtr ask_mx(const std::string& domain) {
    return resolver.find_mx(domain, [this](const MxAnswer& answer) {
      CHECK(answer.records.size() == 1);
      ++answers;
      loop.stop();
    });
  }
};

}  // namespace

TEST_CASE("caching resolver: who asks at the same time, or soon after, shares one question",
          "[net]") {
  Fixture f;
  const PendingPtr first = f.ask_mx("x.test"), second = f.ask_mx("x.test");
  CHECK(f.answers == 0);
  f.loop.run();
  CHECK(f.answers == 2);
  const PendingPtr third = f.ask_mx("x.test");
  CHECK(f.answers == 2);
  f.loop.run();
  CHECK(f.answers == 3);
  CHECK(f.source.questions == 1);
}

TEST_CASE("caching resolver: what DNS does not want to be remembered is shared for a moment only",
          "[net]") {
  Fixture f({.least = 20ms});
  f.source.ttl = 0s;
  const PendingPtr first = f.ask_mx("x.test");
  f.loop.run();
  const PendingPtr soon = f.ask_mx("x.test");
  f.loop.run();
  CHECK(f.source.questions == 1);
  event::Timer past(f.loop, [&f] { f.loop.stop(); });
  past.arm(30ms);
  f.loop.run();
  const PendingPtr later = f.ask_mx("x.test");
  f.loop.run();
  CHECK(f.source.questions == 2);
}

TEST_CASE("caching resolver: names and kinds of questions are told apart", "[net]") {
  Fixture f;
  const PendingPtr mx = f.ask_mx("x.test"), other = f.ask_mx("y.test");
  const PendingPtr host = f.resolver.find_addresses(
      "x.test", [](const AddressAnswer& answer) { CHECK(answer.addresses.size() == 1); });
  f.loop.run();
  CHECK(f.source.questions == 3);
}

TEST_CASE("caching resolver: a failure is told to all who wait or ask soon after, then asked anew",
          "[net]") {
  Fixture f({.of_failure = 20ms});
  f.source.status = DnsStatus::temporary;
  const PendingPtr first = f.ask_mx("x.test"), second = f.ask_mx("x.test");
  f.loop.run();
  CHECK(f.answers == 2);
  const PendingPtr third = f.ask_mx("x.test");
  f.loop.run();
  CHECK(f.answers == 3);
  CHECK(f.source.questions == 1);

  event::Timer past(f.loop, [&f] { f.loop.stop(); });
  past.arm(30ms);
  f.loop.run();
  const PendingPtr fourth = f.ask_mx("x.test");
  f.loop.run();
  CHECK(f.source.questions == 2);
}

TEST_CASE("caching resolver: one who no longer waits is not told, the others are", "[net]") {
  Fixture f;
  PendingPtr first = f.ask_mx("x.test");
  const PendingPtr second = f.ask_mx("x.test");
  first.reset();
  f.loop.run();
  CHECK(f.answers == 1);
  PendingPtr third = f.ask_mx("x.test");
  third.reset();
  const PendingPtr fourth = f.ask_mx("y.test");
  f.loop.run();
  CHECK(f.answers == 2);
}

}  // namespace net_caching_resolver_test
