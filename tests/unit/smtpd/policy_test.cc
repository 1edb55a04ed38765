#include "smtpd/policy.h"

#include "tests/unit/smtpd/world.h"

using namespace postrider;
using postrider::smtpd::test::World;

namespace {

std::string judged(World& world, const std::string& address) {
  const auto at = address.find('@');
  std::string reply;
  const auto question = world.policy.check_recipient(
      world.policy.meet(*net::IpAddress::parse("198.51.100.1")),
      {address.substr(0, at), address.substr(at + 1)}, [&](const smtp::Reply& answer) {
        reply = to_line(answer);
        world.loop.stop();
      });
  world.loop.run();
  return reply;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("smtpd policy: who is unknown may not relay, though all networks may", "[smtpd]") {
  World world;
  smtpd::Policy policy(world.directory, world.log, world.clock,
                       net::parse_networks({"0.0.0.0/0", "::/0"}), {});
  CHECK(policy.meet(*net::IpAddress::parse("203.0.113.9")).may_relay);
  CHECK_FALSE(policy.meet(net::IpAddress()).may_relay);
  CHECK_FALSE(policy.meet(*net::IpAddress::parse("::")).may_relay);
}

TEST_CASE("smtpd policy: a route takes unknown users elsewhere, one that holds does not",
          "[smtpd]") {
  World world;
  CHECK(judged(world, "nobody@gateway.test") == "250 2.1.5 recipient ok");
  CHECK(judged(world, "alice@held.test") == "250 2.1.5 recipient ok");
  // Released, it would come to a mailbox that is not there: a report to a sender who may be forged.
  CHECK(judged(world, "nobody@held.test") == "550 5.1.1 no such user");
}

TEST_CASE("smtpd policy: why the directory cannot answer is told once", "[smtpd]") {
  World world;
  world.directory.away = true;
  for (int i = 0; i < 3; ++i)
    CHECK(judged(world, "alice@here.test").starts_with("451 4.3.0 cannot look up"));
  world.log.flush();
  CHECK(count(world.lines, "event=directory_away reason=away") == 1);
  world.directory.away = false;
  CHECK(judged(world, "alice@here.test").starts_with("250"));
  world.log.flush();
  CHECK(count(world.lines, "event=directory_answers") == 1);
}
