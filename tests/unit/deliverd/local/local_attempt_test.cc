#include "deliverd/local/local_attempt.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "common/base/ascii.h"
#include "tests/unit/deliverd/local/source_file.h"
#include "tests/unit/maildir/mail_directory.h"

using namespace postrider;
using namespace postrider::deliverd;

namespace {

const std::string kTrace =
    "Return-Path: <sender@example.test>\nDelivered-To: ann@t\nReceived: from here\n\tby there\n";

struct Fixture {
  ipc::JobResult attempt(const ipc::Job& job, const SourceFile& source) {
    return attempt_local(job, source.fd(),
                         {.directory = mail.fd(), .host = "mx.test", .sync = maildir::Sync::none});
  }
  // The only message of the mailbox `user`.
  std::string delivered(const std::string& user) {
    const auto folder = mail.path() / user / "Maildir/new";
    const auto names = files_in(folder);
    REQUIRE(names.size() == 1);
    return content_of(folder / names[0]);
  }

  MailDirectory mail;
};

}  // namespace

TEST_CASE("local attempt: the trace fields stand before the content as it was sent", "[deliverd]") {
  Fixture f;
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
  Fixture f;
  const SourceFile source("x\r\n");
  REQUIRE(f.attempt(source.job({"ann@t"}), source).recipients(0).outcome() == ipc::DELIVERED);
  const auto names = files_in(f.mail.path() / "t/ann/Maildir/new");
  REQUIRE(names.size() == 1);
  CHECK(names[0].starts_with("1800000000.0123456789abcdefghij"));
  CHECK(names[0].find(".mx.test,S=") != std::string::npos);
}

TEST_CASE("local attempt: the null reverse-path is <>, and no sender breaks out of its field",
          "[deliverd]") {
  Fixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.set_sender(GENERATE("", "a\r\nX: y@z"));
  REQUIRE(f.attempt(job, source).recipients(0).outcome() == ipc::DELIVERED);
  const std::string expected =
      job.sender().empty() ? "Return-Path: <>\nDeliv" : "Return-Path: <a??X: y@z>\nDeliv";
  CHECK(f.delivered("t/ann").starts_with(expected));
}

TEST_CASE("local attempt: each recipient has its own outcome", "[deliverd]") {
  Fixture f;
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
  Fixture f;
  const SourceFile source("Subject: x\r\n\r\nDelivered-To: ann@t\r\n");
  CHECK(f.attempt(source.job({"ann@t"}), source).recipients(0).outcome() == ipc::DELIVERED);
}

TEST_CASE("local attempt: corrupt content reaches nobody", "[deliverd]") {
  Fixture f;
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
  Fixture f;
  const SourceFile source("x\r\n");
  const auto result =
      attempt_local(source.job({"ann@t"}), -1, {.directory = f.mail.fd(), .host = "mx.test"});
  CHECK(result.recipients(0).outcome() == ipc::DEFERRED);
}

TEST_CASE("local attempt: a message id that is none gets nowhere near a path", "[deliverd]") {
  Fixture f;
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.set_message_id("../../../../etc/x");
  CHECK(f.attempt(job, source).recipients(0).outcome() == ipc::DEFERRED);
  CHECK(files_in(f.mail.path()).empty());
}

TEST_CASE("local attempt: repeated, or two ways to one mailbox, it stores one file", "[deliverd]") {
  Fixture f;
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
  Fixture f;
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

namespace {

struct QuotaFixture : Fixture {
  // "DEFERRED 4.2.2" of each recipient.
  std::vector<std::string> outcomes(const ipc::Job& job, const SourceFile& source) {
    const auto result = attempt_local(job, source.fd(),
                                      {.directory = mail.fd(),
                                       .host = "mx.test",
                                       .over_quota = over_quota,
                                       .marks = &marks,
                                       .clock = &clock,
                                       .usage = usage});
    std::vector<std::string> all;
    for (const auto& one : result.recipients())
      all.push_back(ipc::Outcome_Name(one.outcome()) + " " + one.status());
    return all;
  }
  bool marked(const std::string& mailbox) { return marks.is_set(mailbox, clock.now()); }

  postrider::test::TempDirectory run;
  quota::FullMarks marks{run.path()};
  ManualClock clock;
  ipc::Outcome over_quota = ipc::DEFERRED;
  maildir::UsageCache cache{mail.fd(), clock};
  maildir::UsageCache* usage = nullptr;
};

using Outcomes = std::vector<std::string>;

}  // namespace

TEST_CASE("local attempt: a full mailbox is deferred or refused, and no other is touched",
          "[deliverd]") {
  QuotaFixture f;
  f.over_quota = GENERATE(ipc::DEFERRED, ipc::FAILED);
  const auto folder = f.mail.create("t/ann") / "cur";
  std::ofstream(folder / "1.other.host,S=30000:2,S") << "x";
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t", "bob@t", "ann@t"});
  job.mutable_recipients(0)->set_quota(30002);
  job.mutable_recipients(1)->set_quota(30002);
  job.mutable_recipients(2)->set_quota(30003);
  const std::string full = f.over_quota == ipc::FAILED ? "FAILED 5.2.2" : "DEFERRED 4.2.2";
  CHECK(f.outcomes(job, source) == Outcomes{full, "DELIVERED 2.0.0", "DELIVERED 2.0.0"});
  CHECK(files_in(f.mail.path() / "t/bob/Maildir/new").size() == 1);
}

TEST_CASE("local attempt: a mailbox without room for an ordinary message is marked, until one fits",
          "[deliverd]") {
  QuotaFixture f;
  std::ofstream(f.mail.create("t/ann") / "new" / "1.other.host,S=30000") << "x";
  const SourceFile large(std::string(35000, 'x') + "\r\n");
  const SourceFile small("x\r\n");
  const auto attempt = [&](const SourceFile& source, std::uint64_t quota) {
    ipc::Job job = source.job({"ann@t"});
    job.mutable_recipients(0)->set_quota(quota);
    return f.outcomes(job, source).front();
  };
  CHECK(attempt(large, 60000) == "DEFERRED 4.2.2");
  CHECK_FALSE(f.marked("ann@t"));
  CHECK(attempt(large, 30000 + kOrdinaryMessage - 1) == "DEFERRED 4.2.2");
  CHECK(f.marked("ann@t"));
  CHECK(attempt(small, 60000) == "DELIVERED 2.0.0");
  CHECK_FALSE(f.marked("ann@t"));
}

TEST_CASE("local attempt: what an earlier attempt delivered is there, however full the mailbox is",
          "[deliverd]") {
  QuotaFixture f;
  f.over_quota = GENERATE(ipc::DEFERRED, ipc::FAILED);
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.mutable_recipients(0)->set_quota(3);
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  job.set_repeated(true);
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  std::ofstream(f.mail.path() / "t/ann/Maildir/new/1.other.host,S=30000") << "x";
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  job.set_message_id("0123456789abcdefghik");
  CHECK(f.outcomes(job, source).front().ends_with(".2.2"));
}

TEST_CASE("local attempt: what is larger than the whole quota is returned at once", "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("1234\r\n");
  ipc::Job job = source.job({"ann@t", "bob@t"});
  job.mutable_recipients(0)->set_quota(5);
  job.mutable_recipients(1)->set_quota(6);
  CHECK(f.outcomes(job, source) == Outcomes{"FAILED 5.2.3", "DELIVERED 2.0.0"});
}

TEST_CASE("local attempt: the sender is not told how large a mailbox is, the log is",
          "[deliverd]") {
  Fixture f;
  const SourceFile source("x\r\n");
  const std::uint64_t quota = GENERATE(2U, 30002U);
  std::ofstream(f.mail.create("t/ann") / "new" / "1.other.host,S=30000") << "x";
  ipc::Job job = source.job({"ann@t"});
  job.mutable_recipients(0)->set_quota(quota);
  const auto result = f.attempt(job, source);
  const std::string& reply = result.recipients(0).reply();
  CAPTURE(reply);
  CHECK(std::none_of(reply.begin(), reply.end(), is_digit));
  CHECK(result.recipients(0).detail() ==
        "30000 of " + std::to_string(quota) + " octets are used, the message has 3");
}

TEST_CASE("local attempt: a mailbox is not read for each message, but before one is turned away",
          "[deliverd]") {
  QuotaFixture f;
  f.usage = &f.cache;
  const auto maildir = f.mail.create("t/ann");
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.mutable_recipients(0)->set_quota(100'000);
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  const auto size = std::filesystem::file_size(maildir / "new" / files_in(maildir / "new").at(0));
  CHECK(f.cache.kept("t/ann/Maildir") == size);
  // Somebody fills it, or empties it again, in a tick of the clock of the delivery.
  const auto time = std::filesystem::last_write_time(maildir / "new");
  const auto other = maildir / "new" / "1.other.host,S=100000";
  std::ofstream(other) << "x";
  std::filesystem::last_write_time(maildir / "new", time);
  job.set_message_id("0123456789abcdefghik");
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  job.mutable_recipients(0)->set_quota(2 * size + 2);
  job.set_message_id("0123456789abcdefghil");
  CHECK(f.outcomes(job, source) == Outcomes{"DEFERRED 4.2.2"});
  CHECK(f.cache.kept("t/ann/Maildir") == 2 * size + 100'000);
}
