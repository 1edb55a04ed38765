#include <pwd.h>

#include "common/checks/policy.h"
#include "common/net/peer_credentials.h"

#include "tests/unit/smtpd/world.h"

namespace checks_policy_test {

using namespace postrider;
using checks::Policy;
using checks::Service;
using postrider::smtpd::testing::Kind;
using postrider::smtpd::testing::World;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("policy: who may relay, and who is a stranger", "[checks]") {
  World world;
  const auto [address, service, may_relay, stranger] =
      GENERATE(table<const char*, Service, bool, bool>({
          {"192.0.2.7", Service::open, true, false},
          {"192.0.2.7", Service::own, true, false},
          {"203.0.113.9", Service::open, false, true},
          {"203.0.113.9", Service::own, false, false},
          {"0.0.0.0", Service::open, false, true},
      }));
  const checks::Client client = world.policy.meet(*net::IpAddress::parse(address), service);
  CHECK(client.may_relay == may_relay);
  CHECK(client.stranger() == stranger);
}

TEST_CASE("policy: who is unknown may not relay, though all networks may", "[checks]") {
  World world;
  world.settings.relay.networks = {"0.0.0.0/0", "::/0"};
  const Policy policy({world.loop, world.directory, world.directory, world.resolver, world.settings,
                       world.log, world.clock});
  const auto may_relay = [&](const net::IpAddress& address) {
    return policy.meet(address, Service::open).may_relay;
  };
  CHECK(may_relay(*net::IpAddress::parse("203.0.113.9")));
  CHECK_FALSE(may_relay(net::IpAddress()));
  CHECK_FALSE(may_relay(*net::IpAddress::parse("::")));
}

TEST_CASE("policy: programs of this host may relay, but those of denied users", "[checks]") {
  World world;
  world.settings.smtpd.denied_local_users = {"nobody"};
  const passwd* const nobody = ::getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  const Policy policy({world.loop, world.directory, world.directory, world.resolver, world.settings,
                       world.log, world.clock});
  const checks::Client root = policy.meet_local(0);
  CHECK(root.may_relay);
  CHECK_FALSE(root.stranger());
  CHECK(root.str() == "uid 0");
  CHECK_FALSE(policy.meet_local(nobody->pw_uid).may_relay);
  CHECK_FALSE(policy.meet_local(net::PeerCredentials::kNoUser).may_relay);
}

TEST_CASE("policy: where a denied user is not known, no program of this host may relay",
          "[checks]") {
  World world;
  world.settings.smtpd.denied_local_users = {"nobody", "no such user"};
  const Policy policy({world.loop, world.directory, world.directory, world.resolver, world.settings,
                       world.log, world.clock});
  CHECK_FALSE(policy.meet_local(0).may_relay);
  world.log.flush();
  CHECK(count(world.lines, "event=denied_user_unknown user=\"no such user\"") == 1);
}

TEST_CASE("policy: a route takes a domain of ours elsewhere, one that holds does not", "[checks]") {
  World world;
  REQUIRE(world.policy.route_of({"nobody", "gateway.test"}, "", "") != nullptr);
  CHECK(world.policy.route_of({"nobody", "gateway.test"}, "", "")->via.front() ==
        "smtp:[192.0.2.9]:2525");
  // Released, it would come to a mailbox that is not there: a report to a sender who may be forged.
  CHECK(world.policy.route_of({"nobody", "held.test"}, "", "") == nullptr);
  CHECK(world.policy.route_of({"alice", "here.test"}, "", "") == nullptr);
}

TEST_CASE("policy: why the directory cannot answer is told once", "[checks]") {
  World world;
  const auto ask = [&] {
    bool found = false;
    const auto question =
        world.policy.find({"alice", "here.test"}, [&](const Policy::Answer& answer) {
          found = answer.has_value();
          world.loop.stop();
        });
    world.loop.run();
    return found;
  };
  world.directory.away = true;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(ask());
  world.log.flush();
  CHECK(count(world.lines, "event=directory_away reason=away") == 1);
  world.directory.away = false;
  CHECK(ask());
  world.log.flush();
  CHECK(count(world.lines, "event=directory_answers") == 1);
}

}  // namespace checks_policy_test
