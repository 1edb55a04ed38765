#include "deliverd/remote/tls_policies.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::deliverd;

namespace {

const net::SocketAddress kAddress = *net::SocketAddress::parse("192.0.2.1:25");

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
  const auto [domain, expected] = GENERATE_COPY(table<std::string, config::TlsPolicy>({
      {"a.test", settings.tls_policies[0]},
      {"b.test", {}},
  }));
  std::optional<config::TlsPolicy> found;
  const auto question = policies.find(domain, "mx.a.test", [&](config::TlsPolicy policy) {
    found = std::move(policy);
    loop.stop();
  });
  CHECK_FALSE(found);
  loop.run();
  CHECK(found == expected);
}

TEST_CASE("deliverd tls policies: who does not wait for the answer does not get it", "[deliverd]") {
  event::EventLoop loop;
  const config::Settings settings;
  ConfiguredTlsPolicies policies(loop, settings);
  bool told = false;
  static_cast<void>(policies.find("a.test", "", [&](const config::TlsPolicy&) { told = true; }));
  loop.defer([&] { loop.stop(); });
  loop.run();
  CHECK_FALSE(told);
}

TEST_CASE("deliverd tls policies: a message may ask for more than the policy, or for less",
          "[deliverd]") {
  using Level = TlsLevel;
  const auto policy = GENERATE(Level::none, Level::may, Level::encrypt, Level::verify);
  const auto level_of = [&](const ipc::Job& one) {
    return tls_peer(one, {"", policy, {}, false}, "mx.test", kAddress).level;
  };
  CHECK(level_of(job("s@x.test", false, false)) == policy);
  CHECK(level_of(job("s@x.test", true, false)) == Level::verify);
  CHECK(level_of(job("s@x.test", true, true)) == Level::verify);
  CHECK(level_of(job("s@x.test", false, true)) == std::min(policy, Level::may));
  CHECK(level_of(job("", true, false)) == policy);
}

TEST_CASE("deliverd tls policies: what makes no difference does not keep connections apart",
          "[deliverd]") {
  const ipc::Job any = job("s@x.test", false, false);
  const auto with = [&](TlsLevel level) {
    return tls_peer(any, {"", level, {"mx.b.test"}, true}, "mx.test", kAddress);
  };
  CHECK(with(TlsLevel::none) == net::TlsPeer{.address = kAddress});
  CHECK(with(TlsLevel::may) == net::TlsPeer{kAddress, TlsLevel::may, "mx.test", {}, false});
  CHECK(with(TlsLevel::encrypt) == net::TlsPeer{kAddress, TlsLevel::encrypt, "mx.test", {}, true});
  CHECK(with(TlsLevel::verify) ==
        net::TlsPeer{kAddress, TlsLevel::verify, "mx.test", {"mx.b.test"}, true});
}
