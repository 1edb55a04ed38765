#include "deliverd/remote/host_memory.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace std::chrono_literals;
using deliverd::HostMemory;
using deliverd::Server;
using smtp::ClientSession;

namespace {

Server server(TlsLevel level, const std::string& address = "192.0.2.1:25") {
  return {{*net::SocketAddress::parse(address), level, "mx.test", {}, false}, nullptr};
}

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
  CHECK(memory.terms_for(may, 100s).why_clear == nullptr);
  memory.on_session(server(TlsLevel::verify));
  CHECK(memory.recall(may, 100s) == nullptr);
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
  CHECK(memory.terms_for(may, 100s).why_clear == nullptr);
  memory.on_failed(may, kUntrusted, 100s);
  CHECK(memory.recall(may, 100s) == nullptr);
  REQUIRE(memory.terms_for(may, 100s + HostMemory::kClear - 1us).why_clear != nullptr);
  CHECK(*memory.terms_for(may, 100s).why_clear == kUntrusted.reply.text);
  CHECK(memory.terms_for(may, 100s + HostMemory::kClear).why_clear == nullptr);
  memory.on_session(may);
  CHECK(memory.terms_for(may, 100s).why_clear != nullptr);
  for (const TlsLevel level : {TlsLevel::encrypt, TlsLevel::verify})
    CHECK(memory.terms_for(server(level), 100s).why_clear == nullptr);
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
  CHECK(memory.terms_for(ours, 100s).why_clear == nullptr);
}

TEST_CASE("deliverd host memory: a server whose BDAT fails is met without for a day, others with",
          "[deliverd]") {
  HostMemory memory;
  CHECK(memory.terms_for(server(TlsLevel::may), 100s).chunking);
  memory.on_chunking_failed(server(TlsLevel::may), 100s);
  CHECK_FALSE(memory.terms_for(server(TlsLevel::verify), 100s).chunking);
  CHECK_FALSE(
      memory.terms_for(server(TlsLevel::may), 100s + HostMemory::kWithoutChunking - 1us).chunking);
  CHECK(memory.terms_for(server(TlsLevel::may), 100s + HostMemory::kWithoutChunking).chunking);
  CHECK(memory.terms_for(server(TlsLevel::may, "192.0.2.2:25"), 100s).chunking);
}
