#include "common/net/tls_client.h"

#include <optional>

#include <catch2/catch.hpp>

#include "tests/unit/net/authority.h"
#include "tests/unit/net/tls_client.h"
#include "tests/unit/net/tls_side.h"

namespace net_tls_client_test {

using namespace postrider;
using net::TlsPeer;
using net::testing::Authority;
using net::testing::kLimit;
using net::testing::Side;
using net::testing::socket_pair;

namespace {

const std::string kAddress = "192.0.2.1:25";

TlsPeer peer(TlsLevel level, const std::string& host = "mx.example.org",
             std::vector<std::string> names = {}) {
  return {*net::SocketAddress::parse(kAddress), level, host, std::move(names), false};
}

struct World {
  World() : client(*net::TlsClient::load(authority.certificate_path(), clock)) {}

  // A server with this certificate from now on.
  void serve(const net::TlsServer::Files& files) {
    auto loaded = net::TlsServer::load({.files = {files}}, keys, clock);
    REQUIRE(loaded);
    server = std::move(*loaded);
  }
  // The same, of TLS 1.2 and with these ciphers alone.
  void serve_tls12(const net::TlsServer::Files& files, const char* ciphers) {
    old.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
    REQUIRE(SSL_CTX_set_cipher_list(old.get(), ciphers) == 1);
    REQUIRE(SSL_CTX_use_certificate_file(old.get(), files.certificate.c_str(), SSL_FILETYPE_PEM) ==
            1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(old.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  std::unique_ptr<net::TlsSession> accept() {
    if (!old) return server->accept();
    Handle<SSL, &SSL_free> ssl(SSL_new(old.get()));
    SSL_set_accept_state(ssl.get());
    return std::make_unique<net::TlsSession>(std::move(ssl));
  }
  enum class End { orderly, abrupt };
  // Connects, and has the server say a word, by which the client gets its tickets.
  void connect(const TlsPeer& to, End end = End::orderly) {
    auto [near, far] = socket_pair();
    const int fd = far.get();
    Side ours(loop);
    Side theirs(loop);
    net::Stream a(loop, std::move(near), ours);
    net::Stream b(loop, std::move(far), theirs);
    b.start_tls(accept(), kLimit);
    a.start_tls(client->connect(to), kLimit);
    ours.expected = 5;
    b.send("hello");
    b.flush();
    while (ours.got.empty() && !ours.closed) loop.run();
    if (end == End::abrupt) ::shutdown(fd, SHUT_RDWR);
    while (end == End::abrupt && !ours.closed) loop.run();
    info = ours.info;
    failure = a.failure();
  }

  test::TempDirectory directory;
  ManualClock clock;
  net::TicketKeys keys;
  Authority authority{directory};
  event::EventLoop loop;
  std::unique_ptr<net::TlsClient> client;
  std::unique_ptr<net::TlsServer> server;
  net::TlsContext old;
  std::optional<net::TlsInfo> info;  // of the last connection, as the client sees it
  std::string failure;
};

}  // namespace

TEST_CASE("net tls client: a server is verified by its name, or its address where it has none",
          "[net][tls]") {
  const auto [names, host, wanted, good] =
      GENERATE(table<std::string, std::string, std::vector<std::string>, bool>({
          {"DNS:mx.example.org", "mx.example.org", {}, true},
          {"DNS:MX.EXAMPLE.ORG", "mx.example.org", {}, true},
          {"DNS:a.test,DNS:mx.example.org", "mx.example.org", {}, true},
          {"DNS:*.example.org", "mx.example.org", {}, true},
          {"DNS:mx.example.net", "mx.example.org", {"other.test", "mx.example.net"}, true},
          {"DNS:mx3.deep.example.net", "mx.example.org", {".example.net"}, true},
          {"IP:192.0.2.1", "", {}, true},
          {"DNS:mx.example.net", "mx.example.org", {}, false},
          {"DNS:m*.example.org", "mx.example.org", {}, false},
          {"DNS:*.org", "mx.example.org", {}, false},
          {"DNS:mx.example.org", "mx.example.org", {"mx.example.net"}, false},
          {"DNS:example.net", "mx.example.org", {".example.net"}, false},
          {"DNS:mx.notexample.net", "mx.example.org", {".example.net"}, false},
          {"IP:192.0.2.2", "", {}, false},
          {"DNS:mx.example.org", "", {}, false},
      }));
  CAPTURE(names, host, wanted);
  World world;
  world.serve(world.authority.issue(names));
  world.connect(peer(TlsLevel::verify, host, wanted));
  CHECK(world.info.has_value() == good);
  if (good) CHECK(world.info->verified);
  if (!good) CHECK(world.failure.starts_with("the certificate is for "));
}

TEST_CASE("net tls client: the subject of a certificate is no name of a host", "[net][tls]") {
  World world;
  world.serve(world.authority.issue(""));
  world.connect(peer(TlsLevel::verify, "mx.example.com"));
  CHECK(world.failure == "the certificate is for no host, not for mx.example.com");
}

TEST_CASE("net tls client: what is wrong with a certificate is told in words", "[net][tls][slow]") {
  World world;
  const auto failure_with = [&](const net::TlsServer::Files& files, const TlsPeer& to) {
    world.serve(files);
    world.connect(to);
    CHECK_FALSE(world.info);
    return world.failure;
  };
  const TlsPeer to = peer(TlsLevel::verify);
  CHECK(failure_with(world.authority.issue("DNS:a.test,DNS:b.test"), to) ==
        "the certificate is for a.test, b.test, not for mx.example.org");
  CHECK(failure_with(world.authority.issue(
                         "DNS:1.test,DNS:2.test,DNS:3.test,DNS:4.test,DNS:5.test,DNS:6.test"),
                     peer(TlsLevel::verify, "mx.example.org", {"b.test", ".c.test"})) ==
        "the certificate is for 1.test, 2.test, 3.test, 4.test, 5.test and 1 more, not for b.test "
        "or .c.test");
  CHECK(failure_with(world.authority.issue("DNS:a.test"), peer(TlsLevel::verify, "")) ==
        "the certificate is for a.test, not for 192.0.2.1");
  const std::string expired = failure_with(world.authority.issue("DNS:mx.example.org", -9, -2), to);
  CHECK(expired.starts_with("the certificate expired on "));
  CHECK(expired.ends_with(" GMT"));
  CHECK(failure_with(world.authority.issue("DNS:mx.example.org", 2, 9), to)
            .starts_with("the certificate is not valid before "));
  CHECK(failure_with(net::testing::write_certificate(world.directory, "mx.example.org"), to) ==
        "the certificate is self-signed");
  const test::TempDirectory elsewhere;
  CHECK(failure_with(Authority(elsewhere, "another").issue("DNS:mx.example.org"), to) ==
        "the certificate is signed by an authority that is not trusted here");
  CHECK(failure_with(Authority(elsewhere).issue("DNS:mx.example.org"), to) ==
        "the certificate is not trusted: certificate signature failure");
}

TEST_CASE("net tls client: who need not be verified is not refused, but known for what it is",
          "[net][tls]") {
  const auto level = GENERATE(TlsLevel::may, TlsLevel::encrypt);
  World world;
  world.serve(world.authority.issue("DNS:other.test", -9, -2));
  world.connect(peer(level));
  REQUIRE(world.info);
  CHECK_FALSE(world.info->verified);
  world.serve(world.authority.issue("DNS:mx.example.org"));
  world.connect(peer(level, "mx.example.org", {"mx.example.org"}));
  CHECK(world.info->verified);
}

TEST_CASE("net tls client: the server is told the host, and never an address", "[net][tls]") {
  World world;
  const auto first = world.authority.issue("DNS:first.test");
  world.serve(first);
  const auto second = net::testing::write_certificate(world.directory, "mx.example.org");
  auto loaded = net::TlsServer::load({.files = {first, second}}, world.keys, world.clock);
  REQUIRE(loaded);
  world.server = std::move(*loaded);
  world.connect(peer(TlsLevel::verify));
  CHECK(world.failure == "the certificate is self-signed");
  world.connect(peer(TlsLevel::verify, ""));
  CHECK(world.failure == "the certificate is for first.test, not for 192.0.2.1");
}

TEST_CASE("net tls client: a session is resumed once, with the same server alone", "[net][tls]") {
  World world;
  world.serve(world.authority.issue("DNS:mx.example.org"));
  const TlsPeer same = peer(TlsLevel::may);
  world.connect(same);
  CHECK_FALSE(world.info->resumed);
  TlsPeer moved = same;
  std::get<net::SocketAddress>(moved.address).port = 26;
  TlsPeer stricter = same;
  stricter.only_tls13 = true;
  for (const TlsPeer& other :
       {moved, stricter, peer(TlsLevel::encrypt), peer(TlsLevel::verify),
        peer(TlsLevel::may, "other.test"), peer(TlsLevel::may, "mx.example.org", {".test"})}) {
    world.connect(other);
    CHECK_FALSE((world.info && world.info->resumed));
  }
  world.connect(same);
  CHECK(world.info->resumed);
  CHECK(world.info->verified);
}

TEST_CASE("net tls client: a session is resumed however its connection ended", "[net][tls]") {
  World world;
  world.serve(world.authority.issue("DNS:mx.example.org"));
  world.connect(peer(TlsLevel::verify), World::End::abrupt);
  world.connect(peer(TlsLevel::verify));
  CHECK(world.info->resumed);
}

TEST_CASE("net tls client: a session of a server that was not verified stays so when it is resumed",
          "[net][tls]") {
  World world;
  world.serve(world.authority.issue("DNS:other.test"));
  world.connect(peer(TlsLevel::may));
  world.connect(peer(TlsLevel::may));
  REQUIRE(world.info->resumed);
  CHECK_FALSE(world.info->verified);
}

TEST_CASE("net tls client: TLS 1.3 alone may be asked for", "[net][tls]") {
  World world;
  world.serve_tls12(world.authority.issue("DNS:mx.example.org"), "DEFAULT");
  TlsPeer to = peer(TlsLevel::encrypt);
  world.connect(to);
  CHECK(world.info->version == "TLSv1.2");
  to.only_tls13 = true;
  world.connect(to);
  CHECK_FALSE(world.info);
}

TEST_CASE("net tls client: older ciphers are for those alone that would else get the clear",
          "[net][tls]") {
  World world;
  world.serve_tls12(world.authority.issue("DNS:mx.example.org"), "ECDHE-ECDSA-AES256-SHA");
  world.connect(peer(TlsLevel::may));
  CHECK(world.info);
  world.connect(peer(TlsLevel::encrypt));
  CHECK_FALSE(world.info);
}

TEST_CASE("net tls client: authorities that cannot be used are named", "[net][tls][slow]") {
  const test::TempDirectory directory;
  const ManualClock clock;
  const auto missing = net::TlsClient::load(directory.path("none.pem"), clock);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text.starts_with(directory.path("none.pem") + ": "));
  CHECK(net::TlsClient::load("", clock));
}

}  // namespace net_tls_client_test
