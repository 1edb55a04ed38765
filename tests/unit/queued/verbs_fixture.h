// verbs_fixture.h - a queue with an operator who acts on it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "queued/verbs.h"
#include "tests/unit/queued/fixture.h"

namespace postrider::test {

using Lines = std::vector<std::string>;
using Request = ipc::AdminRequest;

// Whose every attempt is deferred, until a test lets it be served.
struct VerbsFixture : QueueFixture {
  VerbsFixture() { defer(); }

  void defer() {
    answer = [](const ipc::Job&, const ipc::JobRecipient&) {
      return result(ipc::DEFERRED, "451 later");
    };
  }
  void serve() {
    answer = [](const ipc::Job&, const ipc::JobRecipient&) {
      return result(ipc::DELIVERED, "250 ok");
    };
  }

  std::size_t events(const std::string& name) const {
    std::size_t count = 0;
    for (auto at = logged.find("event=" + name + ' '); at != std::string::npos;
         at = logged.find("event=" + name + ' ', at + 1))
      ++count;
    return count;
  }
  std::string state(const std::string& id) {
    const auto found = list(message_of(id));
    return found.size() == 1 ? found[0].state() : std::to_string(found.size()) + " messages";
  }
  bool on_disk(const std::string& id) {
    return std::filesystem::exists(paths.deferred(*MessageId::parse(id)));
  }
  Result<std::uint64_t> route(const ipc::Filter& filter, const std::string& via) {
    queued::Act act = test::act_of(Request::ROUTE, filter);
    act.set_via(via);
    return operate(act, queued::to_text(filter));
  }
  // Why it could not be done; empty: it was.
  std::string pause(const std::string& name, const std::string& why = {}) {
    return wait([&](auto told) { return life->verbs.pause(name, {}, why, told); });
  }
  std::string resume(const std::string& name) {
    return wait([&](auto told) { return life->verbs.resume(name, {}, "", told); });
  }
  template <typename Ask>
  std::string wait(Ask ask) {
    std::optional<std::string> failure;
    const PendingPtr asked = ask([&](const Result<queued::Verbs::Progress>& progress) {
      failure = progress ? "" : progress.error().text;
    });
    run_until([&] { return failure.has_value(); });
    return *failure;
  }
  void sweep() {
    life->trash.sweep();
    settle();
  }
};

}  // namespace postrider::test
