#include "deliverd/remote/budget.h"

#include <catch2/catch.hpp>

#include <string>

using namespace postrider;
using namespace std::chrono_literals;
using postrider::deliverd::Budget;
using std::chrono::microseconds;

namespace {

struct Claimant final : Budget::Claimant {
  Claimant(Budget& b, std::string& o, char n) : budget(b), order(o), name(n) {}
  void on_share() override { order += name; }
  bool may_connect() const override { return budget.has_room(); }
  void give_up_idle() override { order += '-'; }
  Budget& budget;
  std::string& order;
  char name;
};

struct Fixture {
  explicit Fixture(std::uint64_t connections = Budget::kNoLimit, config::Rate rate = {})
      : budget(loop, connections, rate) {}
  // Runs it until that is the order; time goes on.
  void run_until(const std::string& expected) {
    loop.set_after_turn([this, expected] {
      if (order == expected) loop.stop();
    });
    loop.run();
  }
  // Runs the loop until nothing is left to be done at once.
  void turn() { event_base_loop(loop.raw(), EVLOOP_NONBLOCK); }

  postrider::event::EventLoop loop;
  Budget budget;
  std::string order;
  Claimant a{budget, order, 'a'}, b{budget, order, 'b'}, c{budget, order, 'c'};
};

}  // namespace

TEST_CASE("deliverd budget: who waits for a connection longest gets the next", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opened();
  CHECK_FALSE(f.budget.has_room());
  for (Claimant* const claimant : {&f.b, &f.a, &f.b, &f.c}) f.budget.await_connection(*claimant);
  CHECK(f.budget.is_contended());
  f.budget.on_closed();
  f.turn();
  CHECK(f.order == "bac");  // none of them took it
  CHECK_FALSE(f.budget.is_contended());
}

TEST_CASE("deliverd budget: a connection without work is asked for", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opened();
  f.budget.set_idle(f.a, true);
  f.budget.await_connection(f.b);
  CHECK(f.order == "-");
  f.budget.set_idle(f.a, false);
  f.budget.await_connection(f.c);
  CHECK(f.order == "-");
}

TEST_CASE("deliverd budget: who is gone is not called", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opened();
  f.budget.await_connection(f.a);
  f.budget.await_connection(f.b);
  f.budget.on_closed();
  f.budget.forget(f.a);
  f.turn();
  CHECK(f.order == "b");
}

TEST_CASE("deliverd budget: what a server bore when it refused one more is its limit for a while",
          "[deliverd]") {
  Fixture f;
  f.budget.on_opened();
  f.budget.on_closed();
  CHECK_FALSE(f.budget.on_refused());  // nobody is served
  CHECK(f.budget.has_room());
  for (int i = 0; i < 3; ++i) f.budget.on_opened();
  f.budget.on_closed();
  CHECK(f.budget.on_refused());
  CHECK_FALSE(f.budget.has_room());
  SECTION("until it has taken many messages") {
    for (std::uint64_t i = 1; i < Budget::kUntilOneMore; ++i) f.budget.on_begun();
    CHECK_FALSE(f.budget.has_room());
    f.budget.on_begun();
    CHECK(f.budget.has_room());
    f.budget.on_opened();
    CHECK_FALSE(f.budget.has_room());
  }
  SECTION("or none is left") {
    for (int i = 0; i < 2; ++i) f.budget.on_closed();
    for (int i = 0; i < 5; ++i) f.budget.on_opened();
    CHECK(f.budget.has_room());
  }
}

TEST_CASE("deliverd budget: turns go round, and one that comes does not pass those who wait",
          "[deliverd]") {
  Fixture f(Budget::kNoLimit, {50, 1s});
  REQUIRE(f.budget.may_begin(f.a));
  f.budget.on_begun();
  CHECK_FALSE(f.budget.may_begin(f.b));
  CHECK_FALSE(f.budget.may_begin(f.a));
  CHECK_FALSE(f.budget.may_begin(f.b));
  f.run_until("ba");
  CHECK(f.order == "ba");
}

TEST_CASE("deliverd budget: as many may wait as are soon served, and some where that is not known",
          "[deliverd]") {
  const auto [rate, most] = GENERATE(table<config::Rate, std::uint64_t>({
      {config::Rate{}, Budget::kFew},
      {{1, 3600s}, 1},
      {{1000, 1s}, 98},
      {{100'000, 1s}, Budget::kMany},
  }));
  Fixture f(Budget::kNoLimit, rate);
  CAPTURE(rate.count);
  f.budget.on_waiting(most - 1);
  CHECK_FALSE(f.budget.postpone());
  f.budget.on_waiting(1);
  CHECK(f.budget.postpone());
  f.budget.on_no_longer_waiting(1);
  CHECK_FALSE(f.budget.postpone());
}

TEST_CASE("deliverd budget: each that is sent back has a turn of its own", "[deliverd]") {
  Fixture f(Budget::kNoLimit, {10, 1s});
  f.turn();
  f.budget.on_waiting(5);
  CHECK(f.budget.postpone() == 600ms);
  CHECK(f.budget.postpone() == 700ms);
  for (int i = 0; i < 1000; ++i) f.budget.postpone();
  CHECK(f.budget.postpone() == Budget::kLatest);
}
