#include "deliverd/remote/tls_policies.h"

#include <catch2/catch.hpp>

namespace deliverd_remote_tls_policies_test {

using namespace postrider;
using namespace postrider::deliverd;

namespace {

const net::SocketAddress kAddress = *net::SocketAddress::parse("192.0.2.1:25");
const Server kServer{.peer = {.address = kAddress, .host = "mx.test"}};

ipc::Job job(const std::string& sender, bool required, bool not_required) {
  ipc::Job job;
  job.set_sender(sender);
  job.set_tls_required(required);
  job.set_tls_not_required(not_required);
  return job;
}

}  // namespace

TEST_CASE("deliverd tls policies: the configuration answers, from the loop", "[deliverd]") {
  event::EventLoop loop;
  config::Settings settings;
  settings.tls_policies = {{"a.test", TlsLevel::verify, {"mx.b.test"}, true}};
  ConfiguredTlsPolicies policies(loop, settings);
  using Answer = std::optional<config::TlsPolicy>;
  const auto [domain, expected] = GENERATE_COPY(table<std::string, Answer>({
      {"a.test", settings.tls_policies[0]},
      {"b.test", std::nullopt},
  }));
  std::optional<Answer> found;
  const auto question = policies.find(domain, "mx.a.test", [&](Answer policy) {
    found = std::move(policy);
    loop.stop();
  });
  CHECK_FALSE(found);
  loop.run();
  REQUIRE(found);
  CHECK((*found == expected));
}

TEST_CASE("deliverd tls policies: who does not wait for the answer does not get it", "[deliverd]") {
  event::EventLoop loop;
  const config::Settings settings;
  ConfiguredTlsPolicies policies(loop, settings);
  bool told = false;
  static_cast<void>(policies.find("a.test", "", [&](const auto&) { told = true; }));
  loop.defer([&] { loop.stop(); });
  loop.run();
  CHECK_FALSE(told);
}

TEST_CASE("deliverd tls policies: a message may ask for more than the policy, or for less",
          "[deliverd]") {
  using Level = TlsLevel;
  const auto policy = GENERATE(Level::none, Level::may, Level::encrypt, Level::verify);
  const auto level_of = [&](const ipc::Job& one) {
    return protect(kServer, one, config::TlsPolicy{"", policy, {}, false}).peer.level;
  };
  CHECK(level_of(job("s@x.test", false, false)) == policy);
  CHECK(level_of(job("s@x.test", true, false)) == Level::verify);
  CHECK(level_of(job("s@x.test", true, true)) == Level::verify);
  CHECK(level_of(job("s@x.test", false, true)) == std::min(policy, Level::may));
}

TEST_CASE("deliverd tls policies: who waives TLS waives its version, where it is implicit too",
          "[deliverd]") {
  Server server = kServer;
  server.tls_start = GENERATE(smtp::TlsStart::starttls, smtp::TlsStart::implicit);
  const config::TlsPolicy policy{"", TlsLevel::verify, {}, true};
  CHECK(protect(server, job("s@x.test", false, false), policy).peer.only_tls13);
  CHECK(protect(server, job("s@x.test", true, true), policy).peer.only_tls13);
  CHECK_FALSE(protect(server, job("s@x.test", false, true), policy).peer.only_tls13);
}

TEST_CASE("deliverd tls policies: what requires TLS does so to a mail store, but not on this host",
          "[deliverd]") {
  using Level = TlsLevel;
  const auto [address, protocol, level] = GENERATE(table<const char*, smtp::Protocol, Level>({
      {"192.0.2.1:24", smtp::Protocol::lmtp, Level::verify},
      {"[2001:db8::1]:24", smtp::Protocol::lmtp, Level::verify},
      {"127.0.0.1:24", smtp::Protocol::lmtp, Level::may},
      {"127.1.2.3:24", smtp::Protocol::lmtp, Level::may},
      {"[::1]:24", smtp::Protocol::lmtp, Level::may},
      {"127.0.0.1:25", smtp::Protocol::smtp, Level::verify},
  }));
  CAPTURE(address);
  const Server server{.peer = {.address = *net::SocketAddress::parse(address)},
                      .protocol = protocol};
  CHECK(protect(server, job("s@x.test", true, false), std::nullopt).peer.level == level);
  CHECK(protect(server, job("", true, false), std::nullopt).peer.level == level);
}

TEST_CASE("deliverd tls policies: a report on mail under TLS should go so, and may go as others do",
          "[deliverd]") {
  const auto policy = GENERATE(TlsLevel::none, TlsLevel::may, TlsLevel::verify);
  const auto level_of = [&](const ipc::Job& one, Protection protection) {
    return protect(kServer, one, config::TlsPolicy{"", policy, {}, false}, protection).peer.level;
  };
  CHECK(level_of(job("", true, false), Protection::as_it_should) == TlsLevel::verify);
  CHECK(level_of(job("", true, false), Protection::as_it_may) == policy);
  CHECK(level_of(job("s@x.test", true, false), Protection::as_it_may) == TlsLevel::verify);
  CHECK(level_of(job("", false, false), Protection::as_it_should) == policy);
}

TEST_CASE("deliverd tls policies: what makes no difference does not keep connections apart",
          "[deliverd]") {
  const ipc::Job any = job("s@x.test", false, false);
  const auto with = [&](TlsLevel level) {
    const config::TlsPolicy policy{"", level, {"mx.b.test"}, true};
    return protect(kServer, any, policy).peer;
  };
  CHECK(with(TlsLevel::none) == net::TlsPeer{.address = kAddress});
  CHECK(with(TlsLevel::may) == net::TlsPeer{kAddress, TlsLevel::may, "mx.test", {}, false});
  CHECK(with(TlsLevel::encrypt) == net::TlsPeer{kAddress, TlsLevel::encrypt, "mx.test", {}, true});
  CHECK(with(TlsLevel::verify) ==
        net::TlsPeer{kAddress, TlsLevel::verify, "mx.test", {"mx.b.test"}, true});
}

TEST_CASE("deliverd tls policies: with a login a server is verified, unless a policy names it",
          "[deliverd]") {
  const sasl::Login login{"anna", Secret("secret")};
  const auto level_with = [&](std::optional<config::TlsPolicy> policy, const ipc::Job& one) {
    const Server server = protect({.peer = kServer.peer, .login = &login}, one, policy);
    CHECK(server.login == &login);
    return server.peer.level;
  };
  const ipc::Job any = job("s@x.test", false, false);
  CHECK(level_with(std::nullopt, any) == TlsLevel::verify);
  CHECK(level_with(config::TlsPolicy{"*", TlsLevel::may, {}, false}, any) == TlsLevel::verify);
  CHECK(level_with(config::TlsPolicy{"relay.test", TlsLevel::none, {}, false}, any) ==
        TlsLevel::none);
  CHECK(level_with(config::TlsPolicy{".test", TlsLevel::encrypt, {}, false}, any) ==
        TlsLevel::encrypt);
  CHECK(level_with(std::nullopt, job("s@x.test", false, true)) == TlsLevel::verify);
  CHECK(protect(kServer, any, std::nullopt).peer.level == TlsLevel::may);
}

TEST_CASE("deliverd tls policies: where TLS is implicit nothing is less than encrypted",
          "[deliverd]") {
  using Level = TlsLevel;
  const sasl::Login login{"anna", Secret("secret")};
  Server server = kServer;
  server.tls_start = smtp::TlsStart::implicit;
  const auto level_with = [&](Level level, bool required, bool not_required) {
    const config::TlsPolicy policy{"mx.test", level, {}, false};
    return protect(server, job("s@x.test", required, not_required), policy).peer.level;
  };
  for (const Level level : {Level::none, Level::may, Level::encrypt}) {
    CHECK(level_with(level, false, false) == Level::encrypt);
    CHECK(level_with(level, false, true) == Level::encrypt);
    CHECK(level_with(level, true, false) == Level::verify);
  }
  CHECK(level_with(Level::verify, false, false) == Level::verify);
  CHECK(level_with(Level::verify, false, true) == Level::encrypt);
  CHECK(protect(server, job("s@x.test", false, false), std::nullopt).peer.host == "mx.test");
  server.login = &login;
  CHECK(level_with(Level::none, false, false) == Level::encrypt);
  CHECK(protect(server, job("s@x.test", false, false), std::nullopt).peer.level == Level::verify);
}

}  // namespace deliverd_remote_tls_policies_test
