// How the content goes by BDAT, and what becomes of it where that fails.
#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fixture.h"

namespace deliverd_remote_remote_delivery_chunking_test {

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::testing::Fixture;

namespace {

constexpr const char* kChunking = "250-fake\r\n250-CHUNKING\r\n250 PIPELINING";

// `text` in place of what is in the fixture's spool.
ipc::Job job_of(Fixture& f, const std::string& text) {
  REQUIRE(::pwrite(f.source.get(), text.data(), text.size(), 0) ==
          static_cast<ssize_t>(text.size()));
  ipc::Job job = f.job();
  job.set_length(text.size());
  job.set_checksum(XXH3_64bits(text.data(), text.size()));
  return job;
}

std::string text_above(std::size_t size) {
  std::string text;
  while (text.size() <= size) text += ".0123456789012345678901234\r\n";
  return text;
}

constexpr std::size_t kSeveralChunks = 3 * smtp::ClientSession::kChunk;

}  // namespace

TEST_CASE("deliverd remote: by BDAT a message arrives as it is", "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  const std::string large = text_above(kSeveralChunks);
  CHECK(f.run(job_of(f, large)).starts_with("DELIVERED"));
  CHECK(f.server.connections == 1);
  CHECK(f.server.verbs.count("DATA") == 0);
  REQUIRE(f.server.messages.size() == 2);
  CHECK(f.server.messages[0] == "Received: here\r\nSubject: hello\r\n\r\n.dot\r\n");
  CHECK((f.server.messages[1] == "Received: here\r\n" + large));
}

TEST_CASE("deliverd remote: where its destination says so the content goes by DATA", "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = f.second.replies["EHLO"] = kChunking;
  f.settings.destinations = {{{}, {"mx1.test"}, 0, 0, {}, false}};
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.server.verbs.count("DATA") == 1);
  CHECK(f.server.verbs.count("BDAT") == 0);
  ipc::Job job = f.job();
  job.set_next_hop("smtp:mx2.test");
  CHECK(f.run(job).starts_with("DELIVERED"));
  CHECK(f.second.verbs.count("BDAT") == 1);
}

TEST_CASE("deliverd remote: damaged content never reaches the end of its last chunk",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  ipc::Job job = GENERATE(true, false) ? f.job() : job_of(f, text_above(kSeveralChunks));
  job.set_checksum(1);
  CHECK(f.run(job) == "CORRUPT 5.3.0 the message in the spool is damaged");
  CHECK(f.server.messages.empty());
}

TEST_CASE("deliverd remote: a server that refuses the BDAT it offers is met without",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["BDAT"] = "502 what?";
  ipc::Job job =
      GENERATE(true, false) ? f.job() : job_of(f, text_above(smtp::ClientSession::kOneFlight));
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 2);
  CHECK(f.log_lines.find("event=chunking_failed") != std::string::npos);
  CHECK(f.log_lines.find("reason=\"the server offers CHUNKING and refuses BDAT: 502 what?\"") !=
        std::string::npos);
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 2);
  CHECK(f.server.messages.size() == 2);
}

TEST_CASE(
    "deliverd remote: where all recipients are refused BDAT is refused as well, and no matter",
    "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["RCPT"] = "550 5.1.1 nobody";
  f.server.replies["end"] = "503 5.5.1 no recipients";
  CHECK(f.run(f.job()) == "FAILED 5.1.1 550 5.1.1 nobody from mx1.test[127.0.0.1]");
  f.server.replies.erase("RCPT");
  f.server.replies.erase("end");
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.server.connections == 1);
}

TEST_CASE("deliverd remote: who is refused before BDAT is stays so, and is not asked for again",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["RCPT TO:<b@x.test>"] = "550 5.1.1 nobody";
  f.server.replies["BDAT"] = "502 what?";
  CHECK(f.run(f.job({"a@x.test", "b@x.test", "c@x.test"})) ==
        "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.results[0].recipients(1).outcome() == ipc::FAILED);
  CHECK(f.results[0].recipients(1).reply() == "550 5.1.1 nobody");
  CHECK(f.results[0].recipients(2).outcome() == ipc::DELIVERED);
  CHECK(f.server.verbs.count("RCPT") == 5);
  CHECK(f.server.messages.size() == 1);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: where the message goes by DATA that is the server's word on it",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["BDAT"] = "554 no";
  f.server.replies["end"] = "554 no";
  CHECK(f.run(f.job()) == "FAILED 5.0.0 554 no from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 2);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: a server that is lost with the message is met without BDAT next time",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  const auto [to, reply, told] = GENERATE(table<std::string, std::string, std::string>({
      {"MAIL", "close", "4.4.2 the connection was lost while waiting for the reply to MAIL FROM"},
      {"RCPT", "close", "4.4.2 the connection was lost while waiting for the reply to RCPT TO"},
      {"BDAT", "close",
       "4.4.2 the connection was lost while waiting for the reply to the end of the message"},
      {"BDAT", "421 4.3.2 closing", "4.3.2 421 4.3.2 closing from mx1.test[127.0.0.1]"},
  }));
  CAPTURE(to, reply);
  f.server.replies[to] = reply;
  CHECK(f.run(f.job()) == "DEFERRED " + told);
  CHECK(f.second.connections == 0);
  CHECK(f.log_lines.find("event=chunking_failed") != std::string::npos);
  f.server.replies.erase(to);
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.verbs.count("DATA") == 1);
  CHECK(f.server.messages.size() == 1);
}

TEST_CASE("deliverd remote: a server that asks for less says nothing of BDAT", "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["MAIL"] = GENERATE(as<std::string>(), "421 4.7.0 closing", "421 too much mail");
  CHECK(f.run(f.job()).starts_with("DELIVERED 2.0.0 250 queued from mx2.test"));
  CHECK(f.server.connections == 1);
  CHECK(f.log_lines.find("event=chunking_failed") == std::string::npos);
  CHECK(f.log_lines.find("event=slowed_down") != std::string::npos);
  f.server.replies.erase("MAIL");
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.verbs.count("DATA") == 0);
}

TEST_CASE(
    "deliverd remote: a server that knows BDAT for the last of a message alone gets it by DATA",
    "[deliverd][slow]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  f.server.replies["BDAT"] = "504 5.5.4 LAST is missing";
  CHECK(f.run(job_of(f, text_above(kSeveralChunks))).starts_with("DELIVERED"));
  CHECK(f.server.verbs.count("DATA") == 1);
  CHECK(f.server.messages.size() == 2);
}

TEST_CASE("deliverd remote: that BDAT is refused is found out where all recipients are, too",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["RCPT"] = "550 5.1.1 nobody";
  f.server.replies["BDAT"] = "502 what?";
  CHECK(f.run(f.job()) == "FAILED 5.1.1 550 5.1.1 nobody from mx1.test[127.0.0.1]");
  CHECK(f.log_lines.find("reason=\"the server offers CHUNKING and refuses BDAT: 502 what?\"") !=
        std::string::npos);
  f.server.replies.erase("RCPT");
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.server.connections == 2);
  CHECK(f.server.verbs.count("DATA") == 1);
}

TEST_CASE("deliverd remote: that BDAT was taken is known to who meets the server next",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = f.server.replies["LHLO"] = kChunking;
  ipc::Job first = f.job();
  SECTION("by another protocol") {
    first.set_next_hop("lmtp:[127.0.0.1]:" + std::to_string(f.server.address.port));
    f.run(first);
  }
  SECTION("when it has gone idle") {
    f.settings.deliverd.idle_timeout = std::chrono::seconds{0};
    f.run(first);
    REQUIRE(f.hears(f.server, "QUIT"));
    while (f.delivery.connections_to(f.server.address) > 0)
      event_base_loop(f.loop.raw(), EVLOOP_ONCE);
  }
  f.server.replies["MAIL"] = "close once";
  CHECK(f.run(f.job()).starts_with("DEFERRED"));
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.server.verbs.count("DATA") == 0);
  CHECK(f.log_lines.find("event=chunking_failed") == std::string::npos);
}

TEST_CASE("deliverd remote: that BDAT fails is known to who has a connection already",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = f.server.replies["LHLO"] = kChunking;
  ipc::Job stored = f.job();
  stored.set_next_hop("lmtp:[127.0.0.1]:" + std::to_string(f.server.address.port));
  f.run(stored);
  CHECK(f.server.verbs.count("DATA") == 0);
  f.server.replies["BDAT"] = "502 what?";
  f.run(f.job());
  CHECK(f.server.connections == 3);
  CHECK(f.run(stored).starts_with("DELIVERED"));
  CHECK(f.server.connections == 3);
  CHECK(f.server.messages.size() == 3);
}

TEST_CASE("deliverd remote: where other messages went by BDAT, it fails when two in a row are lost",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.run(f.job());
  f.server.replies["MAIL"] = "close once";
  f.server.replies["RCPT"] = GENERATE(as<std::string>(), "close once", "close");
  const bool once = f.server.replies["RCPT"] == "close once";
  f.deliver(f.job());
  f.deliver(f.job());
  f.loop.run();
  REQUIRE(f.results.size() == 3);
  CHECK(f.results[1].recipients(0).outcome() == ipc::DEFERRED);
  CHECK(f.results[2].recipients(0).outcome() == (once ? ipc::DELIVERED : ipc::DEFERRED));
  f.server.replies.erase("RCPT");
  f.run(f.job());
  CHECK((f.server.verbs.count("DATA") == 0) == once);
  CHECK((f.log_lines.find("event=chunking_failed") == std::string::npos) == once);
}

TEST_CASE("deliverd remote: a connection that closes between two messages has got the first alone",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.run(f.job());
  f.server.replies["MAIL"] = "close once";
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 2);
  CHECK(f.server.messages.size() == 2);
  CHECK(f.server.verbs.count("DATA") == 0);
}

}  // namespace deliverd_remote_remote_delivery_chunking_test
