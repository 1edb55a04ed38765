// scheduler_property.cc - a million random events in the life of the scheduler, under virtual time.
//
// Around the Scheduler stands a world that does what the queue does, with nothing but counters and
// lists: mail comes in, memory is bounded, a deliverd takes jobs, destinations hang, die, push back
// and return. After every event it is asked whether what must always hold still holds.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "queued/retry.h"
#include "queued/scheduler.h"

using namespace postrider;
using namespace std::chrono_literals;
using namespace postrider::queued;

namespace {

constexpr std::size_t kDestinations = 40;  // and the mailboxes
constexpr std::size_t kActiveLimit = 400;
constexpr std::size_t kCredit = 200;  // of each deliverd
constexpr unsigned kLosses = 20;      // one job of so many is lost

constexpr std::uint64_t kEvents = 1'000'000;

// POSTRIDER_SEED repeats a run; POSTRIDER_LONG asks for ten.
std::vector<std::uint64_t> seeds() {
  if (const char* const given = std::getenv("POSTRIDER_SEED"))
    return {std::strtoull(given, nullptr, 10)};
  if (std::getenv("POSTRIDER_LONG") == nullptr) return {1};
  return {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
}

enum class Health : std::uint8_t { well, pushing_back, hanging, dead };

struct Mail : Message {
  std::size_t to = 0;
  std::uint64_t last_turn = 0;  // of its destination, at which it must have gone
};

struct Place {
  std::string name;
  Health health = Health::well;
  std::deque<std::unique_ptr<Mail>> behind;
  std::uint64_t in_line = 0;
  std::uint64_t under_way = 0;
  std::uint64_t probes = 0;         // under way
  std::uint64_t turns = 0;          // jobs begun, less those that were given back
  std::uint64_t others_before = 0;  // jobs of others while it could have had its turn
  std::uint64_t ended = 0;          // jobs, since it had nothing in memory
};

struct World {
  explicit World(std::uint64_t seed) : random(seed) {
    settings.destination_concurrency = 20;
    settings.retry_interval = 30min;
    settings.retry_jitter = 10;
    for (std::size_t i = 0; i < kDestinations; ++i) places[i].name = fmt::format("mx:{}.test", i);
    places[kDestinations].name = "local";
  }

  bool chance(std::uint64_t one_in) { return random.below(one_in) == 0; }
  Place& any_place() { return places[random.below(places.size())]; }
  Place& place_of(const Work& work) { return places[static_cast<Mail*>(work.message)->to]; }
  std::size_t room() const {
    return memory.size() < kActiveLimit ? kActiveLimit - memory.size() : 0;
  }

  // Each event is one thing that happens to the queue.
  void event() {
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2: return arrive();
      case 3:
      case 4:
      case 5: return begin(chance(4) ? WorkKind::local : WorkKind::remote);
      case 6:
      case 7:
      case 8: return end(chance(4) ? WorkKind::local : WorkKind::remote);
      case 9: return call();
      case 10: return pass_time();
      default: return chance(50) ? strike() : relieve();
    }
  }

  void arrive() { arrive_for(chance(2) ? random.below(places.size()) : favourite); }

  void arrive_for(std::size_t to) {
    if (room() == 0 || closed) return;
    auto mail = std::make_unique<Mail>();
    mail->to = to;
    mail->data.content_length = chance(5) ? 1'000'000 : 1000;
    mail->data.recipients.resize(1);
    ++created;
    take(std::move(mail), false);
  }

  void take(std::unique_ptr<Mail> mail, bool called) {
    Mail& message = *mail;
    Place& place = places[message.to];
    message.last_turn = place.turns + turns_to_wait(place);
    memory.emplace(&message, std::move(mail));
    if (place.in_line + place.under_way == 0) place.ended = 0;
    const Memory left{.room = room(), .part = part()};
    if (scheduler.add({.message = &message, .next_hop = place.name}, left, called, now)) {
      wasted += called ? 1 : 0;
      return put_behind(message);
    }
    ++place.in_line;
    // One that has not answered yet gets no more than it leaves to the others.
    if (!called && place.name != "local" && place.ended == 0)
      require_at_most(place.in_line + place.under_way, kActiveLimit / 2 + 1, "a silent one's mail");
  }

  // What stands in the line goes before, and mail that is lighter may overtake each: urgent mail
  // has four of five turns, and light mail four of five that are left.
  static std::uint64_t turns_to_wait(const Place& place) {
    return (Line::kTurns + 1) * (Line::kTurns + 1) * (place.in_line + 1);
  }

  void put_behind(Mail& message) {
    Place& place = places[message.to];
    REQUIRE(scheduler.put_behind(place.name, now));
    place.behind.push_back(std::move(memory.extract(&message).mapped()));
    ++put_behinds;
  }

  void begin(WorkKind kind) {
    std::size_t& jobs = kind == WorkKind::local ? local_jobs : remote_jobs;
    if (jobs == kCredit) return;
    std::vector<Place*> could;
    for (Place& place : places) {
      if (kind_of(place.name) != kind) continue;
      if (could_have_its_turn(place))
        could.push_back(&place);
      else
        place.others_before = 0;
    }
    auto work = scheduler.next(kind);
    REQUIRE(work.has_value() == !could.empty());
    if (!work) return;
    ++jobs;
    note_turn(*work, could);
    under_way.push_back(std::move(*work));
  }

  bool could_have_its_turn(const Place& place) const {
    if (place.in_line == 0) return false;
    return place.name == "local" || place.under_way < scheduler.find(place.name)->window.size();
  }

  void note_turn(const Work& work, const std::vector<Place*>& could) {
    Place& place = place_of(work);
    for (Place* const other : could)
      if (other != &place) most_before = std::max(most_before, ++other->others_before);
    place.others_before = 0;
    ++place.turns;
    --place.in_line;
    ++place.under_way;
    const Mail& mail = *static_cast<Mail*>(work.message);
    const auto* const known = scheduler.find(place.name);
    require_at_most(place.turns, mail.last_turn, "a turn in the line");
    if (place.name != "local")
      require_at_most(place.under_way, settings.destination_concurrency, "jobs of a destination");
    if (!known->outage) return;
    // Nothing but one probe begins while a destination is down, and not before its time.
    REQUIRE(work.probe);
    REQUIRE(++place.probes == 1);
    REQUIRE(now >= known->outage->next_probe());
  }

  void end(WorkKind kind) {
    for (auto it = under_way.begin(); it != under_way.end(); ++it) {
      if (kind_of(it->next_hop) != kind || place_of(*it).health == Health::hanging || chance(2))
        continue;
      Work work = std::move(*it);
      under_way.erase(it);
      --(kind == WorkKind::local ? local_jobs : remote_jobs);
      return chance(kLosses) ? lose(std::move(work)) : conclude(work);
    }
  }

  void lose(Work work) {
    Place& place = place_of(work);
    Mail& mail = *static_cast<Mail*>(work.message);
    if (work.probe) place.probes = 0;
    --place.under_way;
    --place.turns;
    mail.last_turn = place.turns + turns_to_wait(place);
    ++place.in_line;
    for (const Work& one : scheduler.give_back(std::move(work))) leave_line(one);
  }

  void conclude(const Work& work) {
    Place& place = place_of(work);
    Mail& mail = *static_cast<Mail*>(work.message);
    if (work.probe) place.probes = 0;
    --place.under_way;
    ++place.ended;
    const Reception reception = reception_of(place);
    auto change = scheduler.finished(work, reception, {"4.4.1", "gone"}, now);
    outages += change.outage_began ? 1 : 0;
    for (const Work& one : change.turned_away) leave_line(one);
    if (reception == Reception::served) {
      memory.erase(&mail);
      ++done;
    } else {
      timed.emplace(now + jittered(settings.retry_interval, settings.retry_jitter, random),
                    std::move(memory.extract(&mail).mapped()));
    }
  }

  Reception reception_of(const Place& place) {
    if (place.name == "local" || place.health == Health::well)
      return chance(50) ? Reception::unknown : Reception::served;
    return place.health == Health::dead ? Reception::unreachable : Reception::pushed_back;
  }

  void leave_line(const Work& work) {
    --place_of(work).in_line;
    put_behind(*static_cast<Mail*>(work.message));
  }

  void call() {
    const auto call = scheduler.next_call(room());
    if (!call) return;
    Place& place = *std::find_if(places.begin(), places.end(),
                                 [&](const Place& one) { return one.name == call->destination; });
    // Mail comes while the store reads.
    const std::size_t there = place.behind.size();
    for (std::uint64_t meanwhile = random.below(5); meanwhile > 0; --meanwhile) arrive();
    const std::size_t wanted = std::min(call->count, room());
    std::size_t brought = 0;
    for (; brought < std::min(wanted, there); ++brought) {
      auto mail = std::move(place.behind.front());
      place.behind.pop_front();
      ++calls;
      take(std::move(mail), true);
    }
    scheduler.on_called(call->destination, brought == wanted, now);
  }

  void pass_time() {
    now +=
        std::chrono::microseconds(chance(200) ? random.below(600'000'000) : random.below(100'000));
    scheduler.wake(now);
    while (!timed.empty() && timed.begin()->first <= now && room() > 0) {
      auto mail = std::move(timed.extract(timed.begin()).mapped());
      take(std::move(mail), false);
    }
  }

  void strike() {
    Place& place = any_place();
    if (place.name == "local") return;
    place.health = chance(2) ? Health::well : static_cast<Health>(random.below(4));
    if (chance(3)) favourite = random.below(places.size());
    if (chance(10)) scheduler.probe_all(now);
    if (chance(4)) withdraw();
    if (chance(4)) flood();
  }

  // More mail than memory holds, for a destination that hangs.
  void flood() {
    const std::size_t to = random.below(kDestinations);
    if (places[to].in_line + places[to].under_way > 0) return;
    places[to].health = Health::hanging;
    for (std::size_t i = 0; i < kActiveLimit; ++i) arrive_for(to);
  }

  // As if memory were finished soon, at times.
  std::size_t part() { return chance(50) ? kActiveLimit / 50 : 0; }

  // An operator takes messages out of the lines.
  void withdraw() {
    std::unordered_set<const Message*> meant;
    for (const auto& [message, mail] : memory)
      if (chance(10)) meant.insert(message);
    for (const Work& work : scheduler.withdraw(meant)) {
      --place_of(work).in_line;
      memory.erase(static_cast<Mail*>(work.message));
      ++done;
    }
  }

  void relieve() {
    if (room() > 0) return;
    for (const Work& work : scheduler.relieve({.part = part()}, now)) {
      ++relieved;
      leave_line(work);
    }
  }

  void check() const {
    std::size_t behind = 0;
    for (const Place& place : places) {
      behind += place.behind.size();
      // Nobody who waits is forgotten.
      if (!place.behind.empty())
        REQUIRE(scheduler.find(place.name)->behind != Destination::Behind::none);
    }
    REQUIRE(created == done + memory.size() + behind + timed.size());
    REQUIRE(memory.size() <= kActiveLimit);
    REQUIRE(most_before <= kDestinations);
  }

  // All are well: everything is done, and nothing is known any more.
  void settle() {
    closed = true;
    for (Place& place : places) place.health = Health::well;
    for (int idle = 0; idle < 1000 && done < created; ++idle) {
      const std::uint64_t before = done;
      for (int i = 0; i < 100; ++i) {
        begin(WorkKind::local);
        begin(WorkKind::remote);
        end(WorkKind::local);
        end(WorkKind::remote);
        call();
        relieve();
      }
      now += 1s;
      pass_time();
      if (done > before)
        idle = 0;
      else
        now += 1min;
      check();
    }
  }

  static void require_at_most(std::uint64_t value, std::uint64_t bound, const char* what) {
    INFO(what << ": " << value << " > " << bound);
    REQUIRE(value <= bound);
  }

  config::Settings::Queue settings;
  SeededRandom random;
  WallTime now{1'800'000'000s};
  Scheduler scheduler{settings, random};
  std::array<Place, kDestinations + 1> places;
  std::map<const Message*, std::unique_ptr<Mail>> memory;
  std::multimap<WallTime, std::unique_ptr<Mail>> timed;
  std::list<Work> under_way;
  std::size_t favourite = 0;  // every second message is for it
  bool closed = false;        // no mail comes any more
  std::size_t local_jobs = 0;
  std::size_t remote_jobs = 0;
  std::uint64_t created = 0;
  std::uint64_t done = 0;
  std::uint64_t put_behinds = 0;
  std::uint64_t calls = 0;   // messages that were called for
  std::uint64_t wasted = 0;  // of them, turned away again
  std::uint64_t relieved = 0;
  std::uint64_t outages = 0;
  std::uint64_t most_before = 0;
};

}  // namespace

TEST_CASE("property: a million events, and nothing is lost, starved, too early or too many",
          "[property]") {
  const std::uint64_t seed = GENERATE(from_range(seeds()));
  CAPTURE(seed);
  World world(seed);
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    world.event();
    world.check();
  }
  std::printf(
      "seed %lu: %lu events, %lu messages, %lu outages, put behind %lu, called %lu (in vain %lu), "
      "relieved %lu, at most %lu jobs of others between two turns\n",
      seed, kEvents, world.created, world.outages, world.put_behinds, world.calls, world.wasted,
      world.relieved, world.most_before);
  // The test has seen what it is about.
  CHECK(world.outages > kEvents / 10'000);
  CHECK(world.calls > kEvents / 100);
  CHECK(world.relieved > 0);
  // Nothing is cycled between disk and memory: those that are called for are taken.
  CHECK(world.wasted * 10 <= world.calls);
  world.settle();
  CHECK(world.done == world.created);
}
