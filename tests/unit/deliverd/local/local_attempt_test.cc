#include "deliverd/local/local_attempt.h"

#include <catch2/catch.hpp>

#include "tests/unit/deliverd/local/local_attempt_fixture.h"

namespace deliverd_local_local_attempt_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;
using testing::AttemptFixture;
using testing::kTrace;

TEST_CASE("local attempt: the trace fields stand before the content as it was sent", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("Return-Path: <old@example.test>\r\nSubject: x\r\n\r\n.dot\r\n");
  const auto result = f.attempt(source.job({"ann@t"}), source);
  CHECK(result.number() == 42);
  REQUIRE(result.recipients_size() == 1);
  CHECK(result.recipients(0).index() == 11);
  CHECK(result.recipients(0).outcome() == ipc::DELIVERED);
  CHECK(result.recipients(0).status() == "2.0.0");
  CHECK(f.delivered("t/ann") == kTrace + "Return-Path: <old@example.test>\nSubject: x\n\n.dot\n");
}

TEST_CASE("local attempt: the file is named by arrival, message and mailbox", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  REQUIRE(f.attempt(source.job({"ann@t"}), source).recipients(0).outcome() == ipc::DELIVERED);
  const auto names = files_in(f.mail.path() / "t/ann/Maildir/new");
  REQUIRE(names.size() == 1);
  CHECK(names[0].starts_with("1800000000.0123456789abcdefghij"));
  CHECK(names[0].find(".mx.test,S=") != std::string::npos);
}

TEST_CASE("local attempt: the null reverse-path is <>, and no sender breaks out of its field",
          "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.set_sender(GENERATE("", "a\r\nX: y@z"));
  REQUIRE(f.attempt(job, source).recipients(0).outcome() == ipc::DELIVERED);
  const std::string expected =
      job.sender().empty() ? "Return-Path: <>\nDeliv" : "Return-Path: <a??X: y@z>\nDeliv";
  CHECK(f.delivered("t/ann").starts_with(expected));
}

TEST_CASE("local attempt: each recipient has its own outcome", "[deliverd]") {
  AttemptFixture f;
  std::ofstream(f.mail.path() / "broken") << "a file where a domain's directory should be";
  const SourceFile source("Delivered-To: Loop@T\r\n\r\nx\r\n");
  const auto result =
      f.attempt(source.job({"ann@t", "../x@t", "loop@t", "bob@broken", "bob@t"}), source);
  struct Row {
    ipc::Outcome outcome;
    std::string_view status;
  };
  const Row expected[] = {{ipc::DELIVERED, "2.0.0"},
                          {ipc::FAILED, "5.1.3"},
                          {ipc::FAILED, "5.4.6"},
                          {ipc::DEFERRED, "4.3.0"},
                          {ipc::DELIVERED, "2.0.0"}};
  REQUIRE(result.recipients_size() == 5);
  for (int i = 0; i < 5; ++i) {
    CAPTURE(i, result.recipients(i).reply());
    CHECK(result.recipients(i).index() == static_cast<std::uint32_t>(11 + i));
    CHECK(result.recipients(i).outcome() == expected[i].outcome);
    CHECK(result.recipients(i).status() == expected[i].status);
    CHECK_FALSE(result.recipients(i).reply().empty());
  }
  CHECK(files_in(f.mail.path() / "t/loop/Maildir/new").empty());
  CHECK(files_in(f.mail.path() / "t/loop/Maildir/tmp").empty());
}

TEST_CASE("local attempt: Delivered-To in the body is no loop", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("Subject: x\r\n\r\nDelivered-To: ann@t\r\n");
  CHECK(f.attempt(source.job({"ann@t"}), source).recipients(0).outcome() == ipc::DELIVERED);
}

TEST_CASE("local attempt: corrupt content reaches nobody", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t", "bob@t"});
  job.set_checksum(job.checksum() ^ 1U);
  const auto result = f.attempt(job, source);
  for (const auto& recipient : result.recipients()) CHECK(recipient.outcome() == ipc::CORRUPT);
  for (const char* user : {"t/ann", "t/bob"})
    for (const char* folder : {"tmp", "new", "cur"})
      CHECK(files_in(f.mail.path() / user / "Maildir" / folder).empty());
}

TEST_CASE("local attempt: content that cannot be read is tried again", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  const auto result =
      attempt_local(source.job({"ann@t"}), -1, {.directory = f.mail.fd(), .host = "mx.test"});
  CHECK(result.recipients(0).outcome() == ipc::DEFERRED);
}

TEST_CASE("local attempt: a message id that is none gets nowhere near a path", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.set_message_id("../../../../etc/x");
  CHECK(f.attempt(job, source).recipients(0).outcome() == ipc::DEFERRED);
  CHECK(files_in(f.mail.path()).empty());
}

TEST_CASE("local attempt: repeated, or two ways to one mailbox, it stores one file", "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t", "ann@t"});
  for (int i = 0; i < 3; ++i) {
    const auto result = f.attempt(job, source);
    for (const auto& recipient : result.recipients()) CHECK(recipient.outcome() == ipc::DELIVERED);
    job.set_repeated(true);
  }
  CHECK(f.delivered("t/ann") == kTrace + "x\n");
}

TEST_CASE("local attempt: more mailboxes than are written at once all get the message",
          "[deliverd]") {
  AttemptFixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({});
  constexpr int kMailboxes = 2 * kMailboxesAtOnce + 1;
  for (int i = 0; i < kMailboxes; ++i)
    job.add_recipients()->set_address("user" + std::to_string(i) + "@t");
  const auto result = f.attempt(job, source);
  REQUIRE(result.recipients_size() == kMailboxes);
  for (const auto& recipient : result.recipients()) CHECK(recipient.outcome() == ipc::DELIVERED);
  CHECK(files_in(f.mail.path() / "t").size() == kMailboxes);
}

}  // namespace deliverd_local_local_attempt_test
