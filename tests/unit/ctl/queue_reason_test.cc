#include "ctl/queue_reason.h"

#include <catch2/catch.hpp>

namespace ctl_queue_reason_test {

using namespace postrider;
using ctl::reason_of;

namespace {

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
      {"4.3.2", "421 4.3.2 paused by the operator at noon",
       "The server that should take the message has trouble of its own."},
  }));
  CAPTURE(c.reply);
  ipc::QueuedMessage deferred = message("deferred");
  add(deferred, c.status, c.reply);
  CHECK(reason_of(deferred) == c.reason);
}

TEST_CASE("queue reason: who was served, or has no answer yet, gives none", "[ctl]") {
  ipc::QueuedMessage deferred = message("deferred");
  add(deferred, "2.0.0", "250 ok").set_state("delivered");
  add(deferred, "", "");
  add(deferred, "4.2.2", "452 4.2.2 over quota");
  CHECK(reason_of(deferred) == "The mailbox is full.");
}

TEST_CASE("queue reason: what no server keeps waiting is told by who does", "[ctl]") {
  CHECK(reason_of(message("active")) == "Being delivered, or next in turn.");
  CHECK(reason_of(message("deleted")) == "Deleted by an operator.");
  ipc::QueuedMessage held = message("held");
  held.set_hold_reason("a test");
  CHECK(reason_of(held) == "Held until it is released.");
}

TEST_CASE("queue reason: what its sender holds back is told alike in the list and the summary",
          "[ctl]") {
  const bool hurried = GENERATE(false, true);
  ipc::QueuedMessage later = message("deferred");
  add(later, "", "");
  later.set_release_us(9'000);
  later.set_next_attempt_us(hurried ? 5'000 : 9'000);
  const char* const means =
      hurried ? "Not attempted yet." : "Held back by its sender until a time of his.";
  CHECK(reason_of(later) == means);
  ipc::SummaryRow row;
  row.set_state("deferred");
  row.set_reason(hurried ? "" : "held back by its sender");
  CHECK(reason_of(row).means == means);
  add(later, "4.2.2", "452 4.2.2 over quota");
  CHECK(reason_of(later) == "The mailbox is full.");
}

TEST_CASE("queue reason: what this host says of itself is not laid to a server", "[ctl]") {
  struct Case {
    const char* status;
    const char* reply;
    const char* name;
  };
  const auto c = GENERATE(values<Case>({
      {"4.4.5", "waits its turn: many messages for mx:a.test are before it", "turn"},
      {"4.3.2", "paused by the operator since 2027-01-01 10:00 UTC: too many bounces", "paused"},
      {"4.4.0", "waiting for mx:a.test: not tried since queued was started since 2027",
       "not_tried"},
      {"4.4.1", "waiting for mx:a.test: connection timed out since 2027", "unreachable"},
      {"4.3.2", "waiting for mx:a.test: 421 4.3.2 paused by the operator since 2027", "system"},
      {"4.3.0", "the message cannot be read from the spool", "this_host"},
      {"4.3.0", "the delivery process ended before it answered", "this_host"},
      {"4.3.1", "the disk is full", "this_host"},
      {"4.3.5", "A of relay.test: the name does not exist", "this_host"},
      {"4.7.0", "relay.test[192.0.2.1]: our login is refused: 535 5.7.8 no", "this_host"},
      {"4.2.2", "the mailbox is full", "mailbox_full"},
      {"4.3.0", "451 4.3.0 try later", "system"},
  }));
  CAPTURE(c.reply);
  CHECK(reason_of(c.status, c.reply).name == c.name);
}

}  // namespace ctl_queue_reason_test
