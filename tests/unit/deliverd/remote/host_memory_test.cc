#include "deliverd/remote/host_memory.h"

#include <catch2/catch.hpp>

namespace deliverd_remote_host_memory_test {

using namespace postrider;
using namespace std::chrono_literals;
using deliverd::HostMemory;
using deliverd::Server;
using smtp::ClientSession;

namespace {

Server server(TlsLevel level, const std::string& address = "192.0.2.1:25") {
  return {{*net::SocketAddress::parse(address), level, "mx.test", {}, false}, nullptr};
}

const Server kMay = server(TlsLevel::may);
const ClientSession::Unusable kRefused{{0, "4.4.1", "connection refused"}};
const ClientSession::Unusable kUntrusted{{0, "4.7.5", "TLS failed: the certificate is self-signed"},
                                         ClientSession::Fault::tls};

}  // namespace

TEST_CASE(
    "deliverd host memory: what was wrong with a host is known for a while, whatever is asked",
    "[deliverd]") {
  HostMemory memory;
  const Server may = server(TlsLevel::may);
  CHECK(memory.recall(may, 0s) == nullptr);
  memory.on_failed(may, kRefused, 100s);
  for (const Server& peer : {may, server(TlsLevel::verify)}) {
    REQUIRE(memory.recall(peer, 100s + HostMemory::kBackoff - 1us) != nullptr);
    CHECK(*memory.recall(peer, 100s) == kRefused.reply);
    CHECK(memory.recall(peer, 100s + HostMemory::kBackoff) == nullptr);
  }
  CHECK(memory.recall(server(TlsLevel::may, "192.0.2.2:25"), 100s) == nullptr);
  CHECK(memory.why_clear(may, 100s) == nullptr);
  memory.on_session(server(TlsLevel::verify));
  CHECK(memory.recall(may, 100s) == nullptr);
}

TEST_CASE("deliverd host memory: one that is silent in one way may be asked in another",
          "[deliverd]") {
  HostMemory memory;
  const Server plain = server(TlsLevel::encrypt);
  Server implicit = plain;
  implicit.tls_start = smtp::TlsStart::implicit;
  memory.on_failed(plain, kRefused, 100s);
  CHECK(memory.recall(plain, 100s) != nullptr);
  CHECK(memory.recall(implicit, 100s) == nullptr);
  memory.on_session(implicit);
  CHECK(memory.recall(plain, 100s) != nullptr);
}

TEST_CASE(
    "deliverd host memory: that its TLS is not good enough concerns those who ask for as much",
    "[deliverd]") {
  HostMemory memory;
  const Server verify = server(TlsLevel::verify);
  memory.on_failed(verify, kUntrusted, 100s);
  REQUIRE(memory.recall(verify, 100s) != nullptr);
  CHECK(*memory.recall(verify, 100s) == kUntrusted.reply);
  for (const TlsLevel level : {TlsLevel::none, TlsLevel::may, TlsLevel::encrypt})
    CHECK(memory.recall(server(level), 100s) == nullptr);
  memory.on_session(server(TlsLevel::may));
  CHECK(memory.recall(verify, 100s) != nullptr);
  memory.on_session(verify);
  CHECK(memory.recall(verify, 100s) == nullptr);
}

TEST_CASE("deliverd host memory: where TLS only may be, the host is met in the clear for a while",
          "[deliverd]") {
  HostMemory memory;
  const Server may = server(TlsLevel::may);
  CHECK(memory.why_clear(may, 100s) == nullptr);
  memory.on_failed(may, kUntrusted, 100s);
  CHECK(memory.recall(may, 100s) == nullptr);
  REQUIRE(memory.why_clear(may, 100s + HostMemory::kClear - 1us) != nullptr);
  CHECK(*memory.why_clear(may, 100s) == kUntrusted.reply.text);
  CHECK(memory.why_clear(may, 100s + HostMemory::kClear) == nullptr);
  memory.on_session(may);
  CHECK(memory.why_clear(may, 100s) != nullptr);
  for (const TlsLevel level : {TlsLevel::encrypt, TlsLevel::verify})
    CHECK(memory.why_clear(server(level), 100s) == nullptr);
}

TEST_CASE("deliverd host memory: that a login fails concerns those alone who log in",
          "[deliverd]") {
  HostMemory memory;
  const sasl::Login login{"anna", Secret("wrong")};
  const Server anonymous = server(TlsLevel::may);
  Server ours = anonymous;
  ours.login = &login;
  memory.on_failed(ours, {{0, "4.7.8", "refused"}, ClientSession::Fault::login}, 100s);
  CHECK(memory.recall(ours, 100s) != nullptr);
  CHECK(memory.recall(anonymous, 100s) == nullptr);
  CHECK(memory.why_clear(ours, 100s) == nullptr);
}

TEST_CASE("deliverd host memory: a server whose BDAT fails is met without for a day, others with",
          "[deliverd]") {
  const smtp::Chunking failure = GENERATE(smtp::Chunking::refused, smtp::Chunking::lost);
  HostMemory memory;
  CHECK_FALSE(memory.has_chunking_failed(kMay, 100s));
  CHECK(memory.on_chunking(kMay, failure, 100s));
  CHECK(memory.has_chunking_failed(server(TlsLevel::verify), 100s));
  CHECK(memory.has_chunking_failed(kMay, 100s + HostMemory::kChunking - 1us));
  CHECK_FALSE(memory.has_chunking_failed(kMay, 100s + HostMemory::kChunking));
  CHECK_FALSE(memory.has_chunking_failed(server(TlsLevel::may, "192.0.2.2:25"), 100s));
}

TEST_CASE("deliverd host memory: BDAT that is taken, or was not tried, undoes no failure",
          "[deliverd]") {
  HostMemory memory;
  memory.on_chunking(kMay, smtp::Chunking::refused, 100s);
  CHECK_FALSE(memory.on_chunking(kMay, smtp::Chunking::taken, 101s));
  CHECK_FALSE(memory.on_chunking(kMay, smtp::Chunking::untested, 101s));
  CHECK(memory.has_chunking_failed(kMay, 102s));
}

TEST_CASE(
    "deliverd host memory: where BDAT was taken one loss says nothing of it, a refusal or a second "
    "loss does",
    "[deliverd]") {
  using enum smtp::Chunking;
  HostMemory memory;
  CHECK_FALSE(memory.on_chunking(server(TlsLevel::verify), taken, 100s));
  SECTION("a refusal") { CHECK(memory.on_chunking(kMay, refused, 101s)); }
  SECTION("two losses") {
    CHECK_FALSE(memory.on_chunking(kMay, lost, 101s));
    CHECK_FALSE(memory.on_chunking(kMay, untested, 102s));
    CHECK(memory.on_chunking(kMay, lost, 103s));
  }
  SECTION("two losses, and others taken between them") {
    CHECK_FALSE(memory.on_chunking(kMay, lost, 101s));
    CHECK_FALSE(memory.on_chunking(kMay, taken, 102s));
    CHECK_FALSE(memory.on_chunking(kMay, lost, 103s));
  }
  SECTION("a loss on a later day") {
    CHECK(memory.on_chunking(kMay, lost, 100s + HostMemory::kChunking));
  }
}

}  // namespace deliverd_remote_host_memory_test
