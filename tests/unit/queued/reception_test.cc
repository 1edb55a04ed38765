#include "queued/reception.h"

#include <catch2/catch.hpp>

namespace queued_reception_test {

using namespace postrider;
using queued::Reception;

namespace {

ipc::JobResult result(ipc::Outcome outcome, const std::string& status, const std::string& reply,
                      const std::string& remote = "mx.x.test[192.0.2.1]") {
  ipc::JobResult job;
  ipc::RecipientResult& one = *job.add_recipients();
  one.set_outcome(outcome);
  one.set_status(status);
  one.set_reply(reply);
  one.set_remote(remote);
  return job;
}

}  // namespace

TEST_CASE("queued reception: what a result tells of its destination", "[queued]") {
  const auto [job, expected] = GENERATE(table<ipc::JobResult, Reception>({
      {result(ipc::DELIVERED, "2.0.0", "250 ok"), Reception::served},
      {result(ipc::DELIVERED, "2.0.0", "delivered", ""), Reception::served},
      {result(ipc::FAILED, "5.1.1", "550 5.1.1 nobody"), Reception::served},
      {result(ipc::FAILED, "5.7.1", "550 5.7.1 not you"), Reception::served},
      {result(ipc::DEFERRED, "4.2.2", "452 4.2.2 full"), Reception::served},
      {result(ipc::DEFERRED, "4.3.0", "421 closing"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.7.0", "450 4.7.0 slow down"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.4.2", "the connection was lost", ""), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.3.0", "the message could not be opened", ""), Reception::unknown},
      {result(ipc::CORRUPT, "5.3.0", "the message in the spool is damaged", ""),
       Reception::unknown},
      {result(ipc::DEFERRED, "4.3.0", "450 4.3.0 too many messages"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.1.0", "450 4.1.0 too many messages"), Reception::served},
      {result(ipc::DEFERRED, "4.2.1", "450 4.2.1 too many messages"), Reception::served},
      {result(ipc::DEFERRED, "4.5.3", "452 4.5.3 no more"), Reception::served},
      {result(ipc::DEFERRED, "4.3.0", "452 Too many recipients"), Reception::served},
      {result(ipc::DEFERRED, "4.7.1", "450 4.7.1 too many recipients"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.5.3", "421 4.5.3 too many recipients"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.0.0", "450 listed by dnsbl.test"), Reception::pushed_back},
      {result(ipc::DEFERRED, "4.7.1", "450 4.7.1 greylisted"), Reception::served},
      {result(ipc::DEFERRED, "4.3.0", "too many messages", ""), Reception::unknown},
      {result(ipc::DEFERRED, "4.7.30", "REQUIRETLS: no", ""), Reception::unknown},
      {ipc::JobResult(), Reception::unknown},
  }));
  CHECK(queued::reception_of(job) == expected);
}

TEST_CASE("queued reception: a destination that could not be reached is that, whatever else",
          "[queued]") {
  ipc::JobResult job = result(ipc::DEFERRED, "4.4.1", "connection refused", "");
  job.mutable_unreachable()->set_reply("connection refused");
  CHECK(queued::reception_of(job) == Reception::unreachable);
}

TEST_CASE("queued reception: one recipient that is pushed back is enough", "[queued]") {
  ipc::JobResult job = result(ipc::DELIVERED, "2.0.0", "250 ok");
  *job.add_recipients() = result(ipc::DEFERRED, "4.7.0", "450 4.7.0 slow down").recipients(0);
  CHECK(queued::reception_of(job) == Reception::pushed_back);
}

}  // namespace queued_reception_test
