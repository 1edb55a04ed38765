// week_world.h - a queue whose destinations come and go, by chance, with a book of all that it
// does.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/property/week_book.h"
#include "tests/unit/queued/fixture.h"

namespace postrider::test {

enum class Health : std::uint8_t {
  well,
  choosing,  // some addresses it refuses, some it wants to be tried later
  busy,      // it asks for less
  dead,      // it cannot be reached
};

class WeekWorld : public QueueFixture {
 public:
  static constexpr std::array kDomains{"one.test", "two.test", "three.test", "local.test"};
  static constexpr const char* kRelay = "smtp:relay.test:25";

  explicit WeekWorld(std::uint64_t seed) : chance(seed) {
    settings.queue.active_limit = 40;
    settings.queue.destination_concurrency = 3;
    settings.queue.retry_jitter = 10;
    settings.queue.lifetime = 24h;
    steady = &unset_clock_;
    begin_life();
    answer = [this](const ipc::Job& job, const ipc::JobRecipient& to) {
      auto result = answer_of(health[job.next_hop()], to.address());
      book.answer(to.address(), result.outcome(), clock.now());
      return result;
    };
    unreachable = [this](const ipc::Job& job) {
      ipc::Unreachable timed_out;
      if (health[job.next_hop()] != Health::dead) return timed_out;
      timed_out.set_reply("connection timed out");
      for (const auto& to : job.recipients()) book.answer(to.address(), ipc::DEFERRED, clock.now());
      return timed_out;
    };
    keeps = [this](const ipc::Job& job) {
      book.hand_out(job, clock.now());
      const bool keep = !calm && one_in(6);
      if (keep) kept_jobs_.push_back(job);
      return keep;
    };
  }

  bool one_in(std::uint64_t n) { return chance.below(n) == 0; }
  template <typename Choices>
  auto any_of(const Choices& choices) {
    return choices[chance.below(choices.size())];
  }
  static std::string next_hop_to(const std::string& domain) {
    return domain == "local.test" ? "local" : "mx:" + domain;
  }

  void accept_one() {
    std::vector<std::string> recipients;
    for (auto count = 1 + chance.below(3); count > 0; --count)
      recipients.push_back(fmt::format("r{}@{}", ++addresses_, any_of(kDomains)));
    const WallTime expires = clock.now() + settings.queue.lifetime;
    const std::string id = accept("a@x.test", recipients);
    for (const std::string& one : recipients)
      book.accept(id, one, next_hop_to(one.substr(one.find('@') + 1)), expires);
  }

  void change_health() {
    for (const std::string domain : kDomains)
      if (one_in(4)) health[next_hop_to(domain)] = static_cast<Health>(chance.below(4));
    if (one_in(4)) health[kRelay] = one_in(2) ? Health::well : Health::dead;
    // Of our own mailboxes nothing is unreachable.
    if (health["local"] == Health::dead) health["local"] = Health::well;
  }

  // So much time passes, and what is due in it happens.
  void pass(std::chrono::microseconds time) {
    const WallTime end = clock.now() + time;
    while (advance(end)) read();
    unset_clock_.advance(time);
    happen();
  }
  // What can happen now.
  void happen() {
    do settle();
    while (life->queue.next_wakeup() <= clock.now());
    read();
  }
  // Somebody sets the clock ahead, and back again.
  void step_clock() {
    book.set_clock();
    latest = std::max(latest, clock.now());
    const auto ahead = clock.now() - unset_clock_.now();
    if (one_in(2)) return clock.advance(std::chrono::minutes(chance.below(60)));
    clock.advance(-std::min<std::chrono::microseconds>(ahead, 40min));
  }
  WallTime unset_time() const { return unset_clock_.now(); }

  // The jobs that deliverd keeps are answered, or deliverd dies.
  void end_jobs() {
    const bool lost = one_in(3);
    for (const ipc::Job& job : std::exchange(kept_jobs_, {}))
      for (const auto& to : job.recipients())
        if (lost) book.lose(to.address());
    lost ? lose_kept() : answer_kept();
  }

  // queued is killed. What was under way is due at once, as an operator who has changed its way
  // meanwhile may have to say again; what had just been answered may happen once more.
  void crash() {
    const bool answered = one_in(2);
    const auto active = life->queue.list(queued::Selection(all_messages(), queued::kAnyState));
    if (answered) answer_kept();
    kept_jobs_.clear();
    for (const auto& message : active) {
      for (const auto& to : message.recipients()) book.forget(to.address());
      answered ? book.doubt(message.id()) : book.change(message.id());
    }
    read();
  }

  // Of the events of the log and of the reports since the last call.
  void read() {
    for (const std::string& told : std::exchange(life->reports.sent, {})) {
      const std::string about = told.substr(told.find(" about ") + 7);
      book.report(told.substr(0, told.find(' ')), about.substr(0, about.find(": ")));
    }
    for (std::size_t from = 0; from < logged.size();) {
      const std::size_t end = logged.find('\n', from);
      read_line(std::string_view(logged).substr(from, end - from));
      from = end + 1;
    }
    logged.clear();
  }

  Book book;
  SeededRandom chance;
  std::map<std::string, Health> health;
  WallTime latest{};     // that the clock has shown before it was set back
  bool calm = false;     // deliverd answers at once
  std::size_t acts = 0;  // that the log tells of

 private:
  static ipc::RecipientResult answer_of(Health health, const std::string& address) {
    const auto number = std::hash<std::string>()(address) % 3;
    auto answered = result(ipc::DELIVERED, "250 ok");
    if (health == Health::busy) {
      answered = result(ipc::DEFERRED, "421 4.7.0 too much at once");
      answered.set_status("4.7.0");
    } else if (health == Health::choosing && number == 0) {
      answered = result(ipc::DEFERRED, "452 4.2.2 full");
      answered.set_status("4.2.2");
    } else if (health == Health::choosing && number == 1) {
      answered = result(ipc::FAILED, "550 5.1.1 nobody");
      answered.set_status("5.1.1");
    }
    answered.set_remote("mx.test");
    return answered;
  }

  void read_line(std::string_view line) {
    const auto value = [line](std::string_view key) {
      const std::size_t at = line.find(key);
      if (at == std::string_view::npos) return std::string();
      const std::string_view rest = line.substr(at + key.size());
      return std::string(rest.substr(0, rest.find(' ')));
    };
    const std::string event = value(" event=");
    static const std::set<std::string> kFates{"delivered", "bounced", "expired", "deleted"};
    if (kFates.count(event) > 0) book.end(event, value(" to="));
    if (event == "operator_act") ++acts;
  }

  ManualClock unset_clock_;
  std::vector<ipc::Job> kept_jobs_;
  unsigned addresses_ = 0;
};

}  // namespace postrider::test
