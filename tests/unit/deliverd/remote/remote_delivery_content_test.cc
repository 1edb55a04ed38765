// How the content reaches the next hop: by BDAT, and by LMTP into a mail store.
#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fixture.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::test::FakeServer;
using deliverd::test::Fixture;

namespace {

constexpr const char* kChunking = "250-fake\r\n250-CHUNKING\r\n250 PIPELINING";

// A mail store at a Unix socket.
struct Store {
  explicit Store(Fixture& f) : server(f.loop, *net::open_listening_unix_socket(path, 0600)) {}
  const postrider::test::TempDirectory directory;
  const std::string path = directory.path("lmtp");
  FakeServer server;
};

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

TEST_CASE("deliverd remote: a mail store has its word on each recipient", "[deliverd]") {
  Fixture f;
  f.server.replies["LHLO"] = GENERATE(as<std::string>(), "", kChunking);
  f.server.replies["end 2"] = "552 5.2.2 full";
  ipc::Job job = f.job({"a@x.test", "b@x.test", "c@x.test"});
  job.set_next_hop("lmtp:[127.0.0.1]:" + std::to_string(f.server.address.port));
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from [127.0.0.1]");
  const ipc::JobResult& result = f.results[0];
  CHECK(result.recipients(0).stored());
  CHECK(result.recipients(1).outcome() == ipc::FAILED);
  CHECK(result.recipients(1).status() == "5.2.2");
  CHECK(result.recipients(2).outcome() == ipc::DELIVERED);
  CHECK(f.server.messages.size() == 1);
  CHECK(f.server.verbs.count("EHLO") == 0);
}

TEST_CASE("deliverd remote: what is relayed is not stored", "[deliverd]") {
  Fixture f;
  f.run(f.job());
  CHECK_FALSE(f.results[0].recipients(0).stored());
}

TEST_CASE("deliverd remote: a mail store is met at its Unix socket", "[deliverd]") {
  Fixture f;
  Store store(f);
  ipc::Job job = f.job();
  job.set_next_hop("lmtp:unix:" + store.path);
  job.set_tls_required(GENERATE(false, true));
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from unix:" + store.path);
  CHECK(f.run(job).starts_with("DELIVERED"));
  CHECK(store.server.connections == 1);
  CHECK(f.log_lines.find("tls=\"clear (Unix socket)\"") != std::string::npos);
}

TEST_CASE("deliverd remote: a socket where nobody listens is unreachable, another is not",
          "[deliverd]") {
  Fixture f;
  Store store(f);
  const std::string absent = store.directory.path("absent");
  ipc::Job job = f.job();
  job.set_next_hop("lmtp:unix:" + absent);
  const std::string told = "DEFERRED 4.4.1 the mail store: No such file or directory";
  CHECK(f.run(job) == told);
  CHECK(f.results[0].unreachable().status() == "4.4.1");
  CHECK(f.log_lines.find("address=unix:" + absent + ' ') != std::string::npos);
  CHECK(f.run(job) == told);
  job.set_next_hop("lmtp:unix:" + absent + ",lmtp:unix:" + store.path);
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from unix:" + store.path);
  job.set_next_hop("lmtp:unix:" + absent + ",mx:x.test");
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK_FALSE(f.results.back().recipients(0).stored());
}

TEST_CASE("deliverd remote: who does not speak LMTP is a slip to be mended", "[deliverd]") {
  Fixture f;
  f.server.replies["LHLO"] = "502 5.5.2 what?";
  ipc::Job job = f.job();
  job.set_next_hop("lmtp:mx1.test:" + std::to_string(f.server.address.port));
  CHECK(f.run(job) == "DEFERRED 4.3.5 the server does not speak LMTP: 502 5.5.2 what?");
}

TEST_CASE("deliverd remote: what requires TLS waits for a mail store that is to have it",
          "[deliverd]") {
  Fixture f;
  ipc::Job job = f.job();
  job.set_next_hop("lmtp:mx1.test:" + std::to_string(f.server.address.port));
  job.set_tls_required(true);
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  f.settings.tls_policies = {{"mx1.test", TlsLevel::encrypt, {}, false}};
  CHECK(f.run(job) ==
        "DEFERRED 4.7.4 mx1.test[127.0.0.1]: TLS is required, and the server does not offer "
        "STARTTLS");
}
