// How mail is brought into a mail store, by LMTP.
#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fixture.h"
#include "tests/unit/temp_directory.h"

namespace deliverd_remote_remote_delivery_lmtp_test {

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::testing::FakeServer;
using deliverd::testing::Fixture;

namespace {

constexpr const char* kChunking = "250-fake\r\n250-CHUNKING\r\n250 PIPELINING";

// A mail store at a Unix socket.
struct Store {
  explicit Store(Fixture& f) : server(f.loop, *net::open_listening_unix_socket(path, 0600)) {}
  const postrider::test::TempDirectory directory;
  const std::string path = directory.path("lmtp");
  FakeServer server;
};

}  // namespace

TEST_CASE("deliverd remote: a mail store has its word on each recipient", "[deliverd]") {
  Fixture f;
  f.server.replies["LHLO"] = GENERATE(as<std::string>(), "", kChunking);
  f.server.replies["end RCPT TO:<b@x.test>"] = "552 5.2.2 full";
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

TEST_CASE(
    "deliverd remote: a mail store that has a word at the end for whom it refused gives each his "
    "own",
    "[deliverd]") {
  Fixture f;
  f.server.replies["LHLO"] = GENERATE(as<std::string>(), "", kChunking);
  f.server.replies["RCPT TO:<a@x.test>"] = f.server.replies["end RCPT TO:<a@x.test>"] =
      "550 5.1.1 nobody";
  f.server.replies["end RCPT TO:<c@x.test>"] = "452 4.2.2 full";
  f.server.answers_refused = true;
  ipc::Job job = f.job({"a@x.test", "b@x.test", "c@x.test"});
  job.set_next_hop("lmtp:[127.0.0.1]:" + std::to_string(f.server.address.port));
  CHECK(f.run(job) == "FAILED 5.1.1 550 5.1.1 nobody from [127.0.0.1]");
  CHECK(f.results[0].recipients(1).outcome() == ipc::DELIVERED);
  CHECK(f.results[0].recipients(2).outcome() == ipc::DEFERRED);
  CHECK(f.server.messages.size() == 1);
  CHECK(f.server.connections == 1);
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

}  // namespace deliverd_remote_remote_delivery_lmtp_test
