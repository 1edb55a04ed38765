// How the content reaches the next hop: by BDAT.
#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fixture.h"

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::test::Fixture;

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

TEST_CASE("deliverd remote: a server that is lost with the message is met without BDAT next time",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["RCPT"] = "close";
  CHECK(f.run(f.job()) ==
        "DEFERRED 4.4.2 the connection was lost while waiting for the reply to RCPT TO");
  CHECK(f.second.connections == 0);
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
}

TEST_CASE("deliverd remote: a server that is gone before it heard of the message has not got it",
          "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = kChunking;
  f.server.replies["MAIL"] = "close";
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
}
