// local_attempt_quota_test.cc - deliveries to mailboxes that have room for so much: who is deferred
// or refused, what is counted, and who is warned.
#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/base/ascii.h"
#include "deliverd/local/counted_mailbox.h"
#include "deliverd/local/recount.h"
#include "tests/unit/deliverd/local/local_attempt_fixture.h"

namespace deliverd_local_local_attempt_quota_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;
using testing::AttemptFixture;
using testing::kTrace;

namespace {

struct QuotaFixture : AttemptFixture {
  // "DEFERRED 4.2.2" of each recipient.
  std::vector<std::string> outcomes(const ipc::Job& job, const SourceFile& source) {
    last = attempt_local(job, source.fd(),
                         {.directory = mail.fd(),
                          .host = "mx.test",
                          .over_quota = over_quota,
                          .rooms = &rooms,
                          .clock = &clock,
                          .warnings = &warnings});
    std::vector<std::string> all;
    for (const auto& one : last.recipients())
      all.push_back(ipc::Outcome_Name(one.outcome()) + " " + one.status());
    return all;
  }
  // That of one message for ann@t, the nth.
  std::string outcome(unsigned number, const SourceFile& source, quota::Amount limit) {
    ipc::Job job = source.job({"ann@t"});
    job.set_message_id(id(number));
    job.mutable_recipients(0)->set_quota(limit.octets);
    job.mutable_recipients(0)->set_quota_messages(limit.messages);
    return outcomes(job, source).front();
  }
  static std::string id(unsigned number) { return fmt::format("{:020}", number); }
  quota::Rooms::Standing ann() const { return rooms.look("ann@t", ""); }

  quota::Rooms rooms;
  // Before what the files say: whoever changes them may do so in a tick of ours.
  ManualClock clock{WallTime(std::chrono::seconds(1'000'000'000))};
  ipc::Outcome over_quota = ipc::DEFERRED;
  Warnings warnings{{}, "mx.test", "mx.test"};
  ipc::JobResult last;
};

using Outcomes = std::vector<std::string>;
// Of the file of a job for ann@t or bob@t.
const std::uint64_t kTraceOctets = kTrace.size();

}  // namespace

TEST_CASE("local attempt: a full mailbox is deferred or refused, and no other is touched",
          "[deliverd]") {
  QuotaFixture f;
  f.over_quota = GENERATE(ipc::DEFERRED, ipc::FAILED);
  const auto folder = f.mail.create("t/ann") / "cur";
  std::ofstream(folder / "1.other.host,S=30000:2,S") << "x";
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t", "bob@t", "ann@t"});
  const std::uint64_t needed = 30000 + kTraceOctets + 2;
  job.mutable_recipients(0)->set_quota(needed - 1);
  job.mutable_recipients(1)->set_quota(needed - 1);
  job.mutable_recipients(2)->set_quota(needed);
  const std::string full = f.over_quota == ipc::FAILED ? "FAILED 5.2.2" : "DEFERRED 4.2.2";
  CHECK(f.outcomes(job, source) == Outcomes{full, "DELIVERED 2.0.0", "DELIVERED 2.0.0"});
  CHECK(files_in(f.mail.path() / "t/bob/Maildir/new").size() == 1);
  CHECK(files_in(f.mail.path() / "t/ann/Maildir/tmp").empty());
}

TEST_CASE("local attempt: a mailbox may be full of messages as of octets, and the reply says which",
          "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("x\r\n");
  CHECK(f.outcome(1, source, {0, 2}) == "DELIVERED 2.0.0");
  CHECK(f.outcome(2, source, {0, 2}) == "DELIVERED 2.0.0");
  CHECK(f.outcome(3, source, {0, 2}) == "DEFERRED 4.2.2");
  CHECK(f.last.recipients(0).reply() == "the mailbox is full: it holds as many messages as it may");
  CHECK(f.last.recipients(0).detail() == "2 of 2 messages are there");
  CHECK(f.outcome(3, source, {2 * (kTraceOctets + 2), 3}) == "DEFERRED 4.2.2");
  CHECK(f.last.recipients(0).reply() == "the mailbox is full: it holds as many octets as it may");
  CHECK(f.outcome(3, source, {0, 3}) == "DELIVERED 2.0.0");
}

TEST_CASE("local attempt: what an earlier attempt delivered is there, however full the mailbox is",
          "[deliverd]") {
  QuotaFixture f;
  f.over_quota = GENERATE(ipc::DEFERRED, ipc::FAILED);
  const SourceFile source("x\r\n");
  ipc::Job job = source.job({"ann@t"});
  job.mutable_recipients(0)->set_quota(kTraceOctets + 2);
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  job.set_repeated(true);
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  std::ofstream(f.mail.path() / "t/ann/Maildir/new/1.other.host,S=30000") << "x";
  CHECK(f.outcomes(job, source) == Outcomes{"DELIVERED 2.0.0"});
  job.set_message_id("0123456789abcdefghik");
  CHECK(f.outcomes(job, source).front().ends_with(".2.2"));
}

TEST_CASE("local attempt: an earlier copy that was read is not stored again beside it",
          "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("x\r\n");
  REQUIRE(f.outcome(1, source, {100'000, 0}) == "DELIVERED 2.0.0");
  const auto maildir = f.mail.path() / "t/ann/Maildir";
  const std::string name = files_in(maildir / "new").at(0);
  std::filesystem::rename(maildir / "new" / name, maildir / "cur" / (name + ":2,S"));
  f.clock.advance(CountedMailbox::kBelieved);
  CHECK(f.outcome(1, source, {100'000, 0}) == "DELIVERED 2.0.0");
  CHECK(files_in(maildir / "new").empty());
  CHECK(files_in(maildir / "cur").size() == 1);
}

TEST_CASE("local attempt: what is larger than the whole quota is returned at once", "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("1234\r\n");
  ipc::Job job = source.job({"ann@t", "bob@t"});
  job.mutable_recipients(0)->set_quota(kTraceOctets + 4);
  job.mutable_recipients(1)->set_quota(kTraceOctets + 5);
  CHECK(f.outcomes(job, source) == Outcomes{"FAILED 5.2.3", "DELIVERED 2.0.0"});
}

TEST_CASE("local attempt: the sender is not told how large a mailbox is, the log is",
          "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("x\r\n");
  const std::uint64_t quota = GENERATE(2U, 30002U);
  std::ofstream(f.mail.create("t/ann") / "new" / "1.other.host,S=30000") << "x";
  f.outcome(1, source, {quota, 0});
  const std::string& reply = f.last.recipients(0).reply();
  CAPTURE(reply);
  CHECK(std::none_of(reply.begin(), reply.end(), is_digit));
  CHECK(f.last.recipients(0).detail() ==
        fmt::format("30000 of {} octets are used, the message has {}", quota, kTraceOctets + 2));
}

TEST_CASE("local attempt: a mailbox is not read for each message, but before one is turned away",
          "[deliverd]") {
  QuotaFixture f;
  const auto maildir = f.mail.create("t/ann");
  const SourceFile source("x\r\n");
  const std::uint64_t size = kTraceOctets + 2;
  CHECK(f.outcome(1, source, {100'000, 0}) == "DELIVERED 2.0.0");
  CHECK(f.ann().count.value().used == quota::Amount{size, 1});
  // Somebody fills it in a tick of the clock of the delivery.
  const auto time = std::filesystem::last_write_time(maildir / "new");
  std::ofstream(maildir / "new" / "1.other.host,S=100000") << "x";
  std::filesystem::last_write_time(maildir / "new", time);
  CHECK(f.outcome(2, source, {100'000, 0}) == "DELIVERED 2.0.0");
  CHECK(f.ann().count.value().used == quota::Amount{2 * size, 2});
  CHECK(f.outcome(3, source, {2 * size + 2, 0}) == "DEFERRED 4.2.2");
  CHECK(f.ann().count.value().used == quota::Amount{2 * size + 100'000, 3});
}

TEST_CASE("local attempt: what was counted is not believed for ever, nor after a change",
          "[deliverd]") {
  QuotaFixture f;
  const auto maildir = f.mail.create("t/ann");
  const SourceFile source("x\r\n");
  const std::uint64_t size = kTraceOctets + 2;
  REQUIRE(f.outcome(1, source, {100'000, 0}) == "DELIVERED 2.0.0");
  const auto time = std::filesystem::last_write_time(maildir / "new");
  std::ofstream(maildir / "new" / "1.other.host,S=1000") << "x";
  std::filesystem::last_write_time(maildir / "new", time);
  const bool changed = GENERATE(true, false);
  if (changed) {
    std::filesystem::last_write_time(maildir / "cur", time + 1s);
  } else {
    f.clock.advance(CountedMailbox::kBelieved);
  }
  CHECK(f.outcome(2, source, {100'000, 0}) == "DELIVERED 2.0.0");
  CHECK(f.ann().count.value().used == quota::Amount{2 * size + 1000, 3});
}

TEST_CASE("local attempt: room that was promised to others is left to them", "[deliverd]") {
  QuotaFixture f;
  f.over_quota = GENERATE(ipc::DEFERRED, ipc::FAILED);
  const SourceFile source("x\r\n");
  const std::uint64_t size = kTraceOctets + 2;
  const quota::Amount limit{2 * size - 1, 0};
  const auto now = f.clock.now();
  REQUIRE(f.rooms.accept("ann@t", "1", f.id(1), {size, 1}, limit, now) == quota::Grant::granted);
  CHECK(f.outcome(2, source, limit) == "DEFERRED 4.2.2");
  CHECK(f.last.recipients(0).reply() ==
        "the mailbox is full: its room is promised to other messages");
  CHECK(f.outcome(1, source, limit) == "DELIVERED 2.0.0");
  CHECK(f.ann().promised == quota::Amount{});
}

TEST_CASE(
    "local attempt: a promise is kept while a message is tried again, and ends when it failed",
    "[deliverd]") {
  QuotaFixture f;
  const auto now = f.clock.now();
  const quota::Amount limit{1000, 0};
  const auto promise = [&] {
    REQUIRE(f.rooms.accept("ann@t", "1", f.id(1), {900, 1}, limit, now) == quota::Grant::granted);
  };
  promise();
  const SourceFile loop("Delivered-To: ann@t\r\n\r\nx\r\n");
  CHECK(f.outcome(1, loop, limit) == "FAILED 5.4.6");
  CHECK(f.ann().promised == quota::Amount{});
  promise();
  f.clock.advance(quota::Rooms::kAccepted - 2s);
  std::filesystem::remove_all(f.mail.path() / "t");
  std::ofstream(f.mail.path() / "t") << "a file where the domain's directory should be";
  const SourceFile source("x\r\n");
  CHECK(f.outcome(1, source, limit) == "DEFERRED 4.3.0");
  f.clock.advance(quota::Rooms::kAccepted - 2s);
  CHECK(f.rooms.promise("ann@t", "2", {900, 1}, limit, f.clock.now()) ==
        quota::Grant::full_for_now);
}

TEST_CASE("local attempt: deliveries at once never take a mailbox beyond its quota", "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("x\r\n");
  const std::uint64_t size = kTraceOctets + 2;
  constexpr unsigned kThreads = 8;
  constexpr unsigned kMessages = 20;
  const bool by_messages = GENERATE(true, false);
  const quota::Amount limit =
      by_messages ? quota::Amount{0, 50} : quota::Amount{50 * size + size - 1, 0};
  std::atomic<unsigned> delivered = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < kMessages; ++i) {
        ipc::Job job = source.job({"ann@t"});
        job.set_message_id(QuotaFixture::id(t * kMessages + i));
        job.mutable_recipients(0)->set_quota(limit.octets);
        job.mutable_recipients(0)->set_quota_messages(limit.messages);
        const auto result = attempt_local(
            job, source.fd(),
            {.directory = f.mail.fd(), .host = "mx.test", .rooms = &f.rooms, .clock = &f.clock});
        if (result.recipients(0).outcome() == ipc::DELIVERED) ++delivered;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(delivered == 50);
  CHECK(files_in(f.mail.path() / "t/ann/Maildir/new").size() == 50);
}

TEST_CASE("local attempt: who asked for a count gets it", "[deliverd]") {
  QuotaFixture f;
  const SourceFile source("x\r\n");
  const quota::Amount limit{kTraceOctets + 2, 0};
  REQUIRE(f.outcome(1, source, limit) == "DELIVERED 2.0.0");
  REQUIRE(f.rooms.promise("ann@t", "1", {1, 1}, limit, f.clock.now()) == quota::Grant::full);
  const bool removed = GENERATE(true, false);
  const auto folder = f.mail.path() / "t/ann/Maildir/new";
  if (removed) std::filesystem::remove(folder / files_in(folder).at(0));
  recount(f.rooms, f.mail.fd(), f.clock, 9);
  CHECK_FALSE(f.rooms.is_count_wanted());
  CHECK(f.rooms.promise("ann@t", "1", {1, 1}, limit, f.clock.now()) ==
        (removed ? quota::Grant::granted : quota::Grant::full));
}

TEST_CASE("local attempt: a mailbox that cannot be counted keeps no place from others",
          "[deliverd]") {
  QuotaFixture f;
  std::filesystem::create_directories(f.mail.path() / "t/bad/Maildir");
  std::ofstream(f.mail.path() / "t/bad/Maildir/new") << "a file where a folder should be";
  f.mail.create("t/ann");
  const quota::Amount limit{1000, 0};
  const auto ask = [&](const char* mailbox) {
    return f.rooms.promise(mailbox, mailbox, {100, 1}, limit, f.clock.now());
  };
  CHECK(ask("bad@t") == quota::Grant::granted);
  f.clock.advance(1s);
  CHECK(ask("ann@t") == quota::Grant::granted);
  const auto first = recount(f.rooms, f.mail.fd(), f.clock, 1);
  CHECK(first.uncountable == "bad@t");
  CHECK(first.trouble.starts_with("bad@t: "));
  CHECK(recount(f.rooms, f.mail.fd(), f.clock, 1).counted == Outcomes{"ann@t"});
  CHECK(f.ann().count);
  CHECK_FALSE(f.rooms.is_count_wanted());
  CHECK(ask("bad@t") == quota::Grant::granted);
  CHECK(f.rooms.wanted(9) == Outcomes{"bad@t"});
}

TEST_CASE("local attempt: a user is told once when the mailbox has become nearly full",
          "[deliverd]") {
  QuotaFixture f;
  f.warnings.percentages = {80, 95};
  const SourceFile source(std::string(998, 'x') + "\r\n");
  const quota::Amount limit{0, 20};
  const auto folder = f.mail.create("t/ann") / "new";
  unsigned number = 0;
  // Delivers until the mailbox has so many messages; those that told of it.
  const auto fill = [&](std::uint64_t messages) {
    std::vector<std::string> told;
    while (files_in(folder).size() < messages) {
      REQUIRE(f.outcome(++number, source, limit) == "DELIVERED 2.0.0");
      if (!f.last.recipients(0).detail().empty()) told.push_back(f.last.recipients(0).detail());
    }
    return told;
  };
  const auto remove = [&](std::size_t left) {
    auto names = files_in(folder);
    for (; names.size() > left; names.pop_back()) std::filesystem::remove(folder / names.back());
    std::filesystem::last_write_time(folder, std::filesystem::last_write_time(folder) + 1s);
  };
  const Outcomes at_80{"its user was told that 80 percent of the quota are used"};
  CHECK(fill(15).empty());
  CHECK(fill(17) == at_80);
  CHECK(f.ann().count.value().used.messages == 17);
  CHECK(fill(18).empty());
  remove(15);  // 75 percent: no more than the margin
  CHECK(fill(18).empty());
  remove(14);
  CHECK(fill(17) == at_80);
  CHECK(fill(20) == Outcomes{"its user was told that 95 percent of the quota are used"});
  CHECK(f.outcome(++number, source, limit) == "DEFERRED 4.2.2");
}

TEST_CASE("local attempt: a warning takes no room that there is not, nor what was promised",
          "[deliverd]") {
  QuotaFixture f;
  f.warnings.percentages = {80};
  const SourceFile source("x\r\n");
  const quota::Amount limit{0, 5};
  for (unsigned i = 1; i <= 3; ++i) REQUIRE(f.outcome(i, source, limit) == "DELIVERED 2.0.0");
  REQUIRE(f.rooms.accept("ann@t", "1", f.id(5), {1, 1}, limit, f.clock.now()) ==
          quota::Grant::granted);
  CHECK(f.outcome(4, source, limit) == "DELIVERED 2.0.0");
  const auto folder = f.mail.path() / "t/ann/Maildir/new";
  CHECK(files_in(folder).size() == 4);
  f.rooms.withdraw("ann@t", f.id(5));
  std::filesystem::remove(folder / files_in(folder).back());
  std::filesystem::last_write_time(folder, std::filesystem::last_write_time(folder) + 1s);
  CHECK(f.outcome(6, source, limit) == "DELIVERED 2.0.0");
  CHECK(files_in(folder).size() == 5);
}

TEST_CASE("local attempt: the warning is a message of its own from the postmaster", "[deliverd]") {
  QuotaFixture f;
  f.warnings.percentages = {80};
  const SourceFile source(std::string(4000, 'x') + "\r\n");
  REQUIRE(f.outcome(1, source, {5000, 0}) == "DELIVERED 2.0.0");
  const auto folder = f.mail.path() / "t/ann/Maildir/new";
  const auto names = files_in(folder);
  REQUIRE(names.size() == 2);
  const std::string text = content_of(
      folder / (std::filesystem::file_size(folder / names[0]) < 2000 ? names[0] : names[1]));
  CHECK(text.starts_with("Return-Path: <>\nDelivered-To: ann@t\nDate: "));
  CHECK(text.find("\nFrom: Postmaster <postmaster@t>\nTo: <ann@t>\n") != std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(f.ann().count.value().used.messages == 2);
  // What others may have stored between both is counted before the next.
  CHECK(f.ann().count.value().in_new == 0);
}

TEST_CASE("local attempt: of a mailbox that was full before anybody counted nobody is told",
          "[deliverd]") {
  QuotaFixture f;
  f.warnings.percentages = {80, 95};
  std::ofstream(f.mail.create("t/ann") / "cur" / "1.other.host,S=8500:2,S") << "x";
  const SourceFile source("x\r\n");
  CHECK(f.outcome(1, source, {10'000, 0}) == "DELIVERED 2.0.0");
  CHECK(f.last.recipients(0).detail().empty());
  CHECK(f.ann().told == 80);
}

}  // namespace deliverd_local_local_attempt_quota_test
