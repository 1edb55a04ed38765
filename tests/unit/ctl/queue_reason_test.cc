#include "ctl/queue_reason.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace std::chrono_literals;
using ctl::reason_of;

namespace {

constexpr WallTime kNow{std::chrono::hours{500'000}};

ipc::QueuedMessage message(const std::string& state) {
  ipc::QueuedMessage message;
  message.set_state(state);
  return message;
}

ipc::QueuedRecipient& add(ipc::QueuedMessage& message, const std::string& status,
                          const std::string& reply) {
  ipc::QueuedRecipient& recipient = *message.add_recipients();
  recipient.set_state("pending");
  recipient.set_status(status);
  recipient.set_reply(reply);
  return recipient;
}

}  // namespace

TEST_CASE("queue reason: what a server said is told in plain words that many replies share",
          "[ctl]") {
  struct Case {
    const char* status;
    const char* reply;
    const char* reason;
  };
  const auto c = GENERATE(values<Case>({
      {"4.2.2", "452 4.2.2 over quota", "The mailbox is full."},
      {"4.2.2", "452 4.2.2 x@a.test: no space left", "The mailbox is full."},
      {"4.4.1", "connection timed out", "The server for the address could not be reached."},
      {"4.4.3", "a.test MX: no DNS server answered in time",
       "The server for the address could not be looked up in DNS."},
      {"", "", "Not attempted yet."},
  }));
  CAPTURE(c.reply);
  ipc::QueuedMessage deferred = message("deferred");
  add(deferred, c.status, c.reply);
  CHECK(reason_of(deferred, kNow) == c.reason);
}

TEST_CASE("queue reason: who was served, or has no answer yet, gives none", "[ctl]") {
  ipc::QueuedMessage deferred = message("deferred");
  add(deferred, "2.0.0", "250 ok").set_state("delivered");
  add(deferred, "", "");
  add(deferred, "4.2.2", "452 4.2.2 over quota");
  CHECK(reason_of(deferred, kNow) == "The mailbox is full.");
}

TEST_CASE("queue reason: what no server keeps waiting is told by who does", "[ctl]") {
  CHECK(reason_of(message("active"), kNow) == "Being delivered, or next in turn.");
  CHECK(reason_of(message("deleted"), kNow) == "Deleted by an operator.");
  ipc::QueuedMessage held = message("held");
  held.set_hold_reason("a test");
  CHECK(reason_of(held, kNow) == "Held: a test");
  ipc::QueuedMessage later = message("deferred");
  later.set_release_us((kNow + 1h).time_since_epoch().count());
  CHECK(reason_of(later, kNow) == "Held back by its sender until a time of his.");
}
