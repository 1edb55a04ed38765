#include "deliverd/remote/budget.h"

#include <catch2/catch.hpp>

#include <string>

namespace deliverd_remote_budget_test {

using namespace postrider;
using namespace std::chrono_literals;
using postrider::deliverd::Budget;
using std::chrono::microseconds;

namespace {

// Opens a connection, or begins a message, whenever it may.
struct Claimant final : Budget::Claimant {
  Claimant(Budget& b, std::string& o, char n) : budget(b), order(o), name(n) {}
  void on_share() override {
    if (wants_turn && budget.may_begin(*this)) {
      budget.take_turn();
      order += name;
    } else if (!wants_turn && budget.has_room()) {
      budget.on_opening(*this);
      order += name;
    }
  }
  void give_up_idle() override { order += '-'; }
  Budget& budget;
  std::string& order;
  char name;
  bool wants_turn = false;
};

struct Fixture {
  explicit Fixture(std::uint64_t connections = Budget::kNoLimit, config::Rate rate = {})
      : budget(loop, connections, rate) {}
  // Runs the loop until nothing is left to be done at once.
  void turn() { event_base_loop(loop.raw(), EVLOOP_NONBLOCK); }
  void close(bool had_session = true) {
    budget.on_closing(had_session);
    budget.on_closed();
  }
  void wait(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) budget.on_waiting();
  }

  postrider::event::EventLoop loop;
  Budget budget;
  std::string order;
  Claimant a{budget, order, 'a'}, b{budget, order, 'b'}, c{budget, order, 'c'};
};

}  // namespace

TEST_CASE("deliverd budget: who waits for a connection longest gets the next, and it alone",
          "[deliverd]") {
  Fixture f(1);
  f.budget.on_opening(f.c);
  CHECK_FALSE(f.budget.has_room());
  for (Claimant* const claimant : {&f.b, &f.a, &f.b, &f.c}) f.budget.await_connection(*claimant);
  CHECK(f.budget.is_contended());
  for (const char* const order : {"b", "ba", "bac"}) {
    f.close(false);
    f.turn();
    CHECK(f.order == order);
  }
  CHECK_FALSE(f.budget.is_contended());
}

TEST_CASE("deliverd budget: a connection counts until it is destroyed", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opening(f.a);
  f.budget.on_session();
  f.budget.on_closing(true);
  CHECK_FALSE(f.budget.has_room());
  f.budget.on_closed();
  CHECK(f.budget.has_room());
}

TEST_CASE("deliverd budget: a connection without work is asked for", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opening(f.a);
  f.budget.set_idle(f.a, true);
  f.budget.await_connection(f.b);
  CHECK(f.order == "-");
  f.budget.set_idle(f.a, false);
  f.budget.await_connection(f.c);
  CHECK(f.order == "-");
}

TEST_CASE("deliverd budget: who is gone, or needs none any more, is not called", "[deliverd]") {
  Fixture f(1);
  f.budget.on_opening(f.c);
  for (Claimant* const claimant : {&f.a, &f.b, &f.c}) f.budget.await_connection(*claimant);
  f.close();
  f.budget.forget(f.a);
  f.budget.stop_waiting(f.b);
  f.turn();
  CHECK(f.order == "c");
}

TEST_CASE("deliverd budget: what a server bore when it refused one more is its limit for a while",
          "[deliverd]") {
  Fixture f;
  f.budget.on_opening(f.a);
  f.budget.on_closing(false);
  CHECK_FALSE(f.budget.on_refused());  // there is no other
  f.budget.on_closed();
  for (int i = 0; i < 3; ++i) f.budget.on_opening(f.a);
  f.budget.on_closing(false);
  CHECK(f.budget.on_refused());
  f.budget.on_closed();
  CHECK_FALSE(f.budget.has_room());
  SECTION("until it has taken many messages") {
    for (std::uint64_t i = 1; i < Budget::kUntilOneMore; ++i) f.budget.take_turn();
    CHECK_FALSE(f.budget.has_room());
    f.budget.take_turn();
    CHECK(f.budget.has_room());
    f.budget.on_opening(f.a);
    CHECK_FALSE(f.budget.has_room());
  }
  SECTION("or none is left") {
    for (int i = 0; i < 2; ++i) f.close();
    for (int i = 0; i < 5; ++i) f.budget.on_opening(f.a);
    CHECK(f.budget.has_room());
  }
}

TEST_CASE("deliverd budget: no more connections are opened at a time than there are turns soon",
          "[deliverd]") {
  Fixture f(100, {4, 1s});
  for (int i = 0; i < 4; ++i) {
    CHECK(f.budget.has_room());
    f.budget.on_opening(f.a);
  }
  CHECK_FALSE(f.budget.has_room());
  f.budget.on_session();
  CHECK(f.budget.has_room());
}

TEST_CASE("deliverd budget: turns go round, and one that comes does not pass those who wait",
          "[deliverd][slow]") {
  Fixture f(Budget::kNoLimit, {50, 1s});
  for (Claimant* const claimant : {&f.a, &f.b, &f.c}) claimant->wants_turn = true;
  f.a.on_share();
  for (Claimant* const claimant : {&f.b, &f.a, &f.b, &f.c}) claimant->on_share();
  postrider::event::Timer too_late(f.loop, [&] { f.loop.stop(); });
  too_late.arm(20s);
  f.loop.set_after_turn([&] {
    if (f.order.size() == 4) f.loop.stop();
  });
  f.loop.run();
  CHECK(f.order == "abac");
}

TEST_CASE("deliverd budget: as many may wait as are soon served, and some where that is not known",
          "[deliverd]") {
  const auto [rate, most] = GENERATE(table<config::Rate, std::uint64_t>({
      {config::Rate{}, Budget::kFew},
      {{1, 1s}, 2},
      {{1000, 1s}, 98},
      {{100'000, 1s}, Budget::kMany},
  }));
  Fixture f(Budget::kNoLimit, rate);
  CAPTURE(rate.count);
  f.wait(most - 1);
  CHECK_FALSE(f.budget.postpone(false));
  f.wait(1);
  CHECK(f.budget.postpone(false));
  f.budget.on_no_longer_waiting(1);
  CHECK_FALSE(f.budget.postpone(true));
}

TEST_CASE("deliverd budget: nobody waits where the next turn is far off", "[deliverd]") {
  Fixture f(Budget::kNoLimit, {1, 10s});
  CHECK_FALSE(f.budget.postpone(false));
  f.budget.take_turn();
  CHECK(*f.budget.postpone(false) >= 10s);
  CHECK(*f.budget.postpone(false) >= 20s);
  CHECK(*f.budget.postpone(false) < 31s);
}

TEST_CASE("deliverd budget: each that is sent back has a turn of its own", "[deliverd]") {
  Fixture f(Budget::kNoLimit, {10, 1s});
  f.wait(5);
  CHECK(f.budget.postpone(false) == 500ms);
  CHECK(f.budget.postpone(false) == 600ms);
  for (int i = 0; i < 1000; ++i) f.budget.postpone(false);
  CHECK(f.budget.postpone(false) == Budget::kLate);
}

TEST_CASE("deliverd budget: who comes at its turn is taken, and nobody who was not told to before",
          "[deliverd]") {
  Fixture f(Budget::kNoLimit, {10, 1s});
  f.wait(2);
  REQUIRE(f.budget.postpone(false));
  f.budget.on_no_longer_waiting(1);
  CHECK(f.budget.postpone(false));
  CHECK_FALSE(f.budget.postpone(true));
  f.budget.on_no_longer_waiting(1);  // those who were told have not come
  CHECK_FALSE(f.budget.postpone(false));
}

TEST_CASE("deliverd budget: who finds room here and none elsewhere keeps nobody here from it",
          "[deliverd]") {
  Fixture f;
  f.budget.await_connection(f.a);
  CHECK_FALSE(f.budget.is_contended());
  f.budget.on_opening(f.b);
  f.budget.await_connection(f.a, 1);
  CHECK(f.budget.is_contended());
  f.budget.stop_waiting(f.a);
  CHECK_FALSE(f.budget.is_contended());
}

}  // namespace deliverd_remote_budget_test
