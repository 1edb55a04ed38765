#include "common/checks/inquiry.h"

#include "tests/unit/smtpd/world.h"

using namespace postrider;
using namespace postrider::checks;
using config::CheckAction;
using net::DnsStatus;
using postrider::smtpd::test::Kind;
using postrider::smtpd::test::World;

namespace {

constexpr std::string_view kAddress = "203.0.113.9";

struct Fixture {
  Fixture() {
    world.settings.checks.reverse_dns = CheckAction::tag;
    world.settings.checks.sender_domain = CheckAction::refuse;
    world.settings.checks.sender_is_ours = CheckAction::tag;
    world.resolver.names[std::string(kAddress)] = {DnsStatus::found, {"out.far.test"}, ""};
    world.resolver.hosts["out.far.test"] = postrider::test::addresses({kAddress});
    world.resolver.mx["far.test"] = {DnsStatus::found, {{10, "mx.far.test"}}, ""};
  }

  // The names of the checks that speak against the recipient.
  std::string judged(const smtp::Mailbox& recipient) {
    std::optional<std::string> names;
    inquiry.judge_recipient(recipient, [&](const Verdicts& verdicts) {
      names = names_of(verdicts);
      against = decisive(verdicts) == nullptr ? "" : to_line(decisive(verdicts)->reply);
      world.loop.stop();
    });
    REQUIRE_FALSE(names);
    world.loop.run();
    REQUIRE(names);
    return *names;
  }

  World world;
  Client client = world.policy.meet(*net::IpAddress::parse(kAddress), Service::open);
  Inquiry inquiry{world.policy, client};
  std::string against;  // the reply to the last recipient; empty: accepted
};

const smtp::Mailbox kAlice{"alice", "here.test"};

}  // namespace

TEST_CASE("inquiry: what is asked of DNS is awaited at RCPT", "[checks]") {
  Fixture f;
  f.inquiry.connect(false);
  f.inquiry.begin("out.far.test", {"ann", "far.test"});
  CHECK(f.judged(kAlice).empty());
  CHECK(f.inquiry.facts().reverse.name == "out.far.test");
  CHECK(f.inquiry.facts().sender_mail == DomainMail::taken);
  CHECK(f.world.resolver.questions == 3);
}

TEST_CASE("inquiry: a client is looked up once, a sender with each message", "[checks]") {
  Fixture f;
  f.world.resolver.names.clear();
  f.inquiry.connect(false);
  f.inquiry.begin("x.test", {"ann", "absent.test"});
  CHECK(f.judged(kAlice) == "reverse_dns,sender_domain");
  CHECK(f.against == "550 5.1.8 the sender's domain absent.test does not exist");
  f.world.resolver.mx["here.test"] = {DnsStatus::found, {{10, "mx.here.test"}}, ""};
  f.inquiry.begin("x.test", {"alice", "here.test"});
  CHECK(f.judged(kAlice) == "reverse_dns,sender_is_ours");
  CHECK(f.against.empty());
  CHECK(names_of(f.inquiry.tags()) == "reverse_dns,sender_is_ours");
  f.inquiry.begin("x.test", {});
  CHECK(f.judged(kAlice) == "reverse_dns");
  CHECK(names_of(f.inquiry.tags()) == "reverse_dns");
}

TEST_CASE("inquiry: a client that is no stranger costs no question of DNS", "[checks]") {
  Fixture f;
  f.client = f.world.policy.meet(*net::IpAddress::parse("192.0.2.7"), Service::open);
  f.inquiry.connect(false);
  f.inquiry.begin("x", {"ann", "absent.test"});
  CHECK(f.judged(kAlice).empty());
  CHECK(f.world.resolver.questions == 0);
}

TEST_CASE("inquiry: DNS that does not answer is awaited for a while, and then is not known",
          "[checks]") {
  Fixture f;
  f.world.settings.checks.dns_timeout = std::chrono::seconds{0};
  f.world.resolver.silent = true;
  f.inquiry.connect(false);
  f.inquiry.begin("x.test", {"ann", "far.test"});
  CHECK(f.judged(kAlice) == "reverse_dns,sender_domain");
  CHECK(f.against == "450 4.4.3 the sender's domain far.test cannot be looked up now");
}

TEST_CASE("inquiry: postmaster hears also from those who are refused", "[checks]") {
  Fixture f;
  f.world.directory.table["PostMaster@here.test"] = Kind::alias;
  f.inquiry.connect(false);
  f.inquiry.begin("x.test", {"ann", "absent.test"});
  CHECK(f.judged({"PostMaster", "here.test"}) == "sender_domain");
  CHECK(f.against.empty());
  CHECK(names_of(f.inquiry.tags()) == "sender_domain");
  CHECK(f.judged({"postmaster", "elsewhere.test"}) == "sender_domain,recipient");
  CHECK(f.against == "550 5.7.1 relaying denied");
}

TEST_CASE("inquiry: a header is judged once, when it is over, too long, or the message ends",
          "[checks]") {
  Fixture f;
  f.world.settings.checks.header_missing = CheckAction::refuse;
  f.world.settings.smtpd.header_limit = 30;
  f.inquiry.connect(false);
  f.inquiry.begin("x.test", {});
  f.judged(kAlice);
  CHECK(f.inquiry.judge_data(1, false).empty());
  SECTION("over") {
    CHECK(f.inquiry.read("From: a\r\nDate: b\r").empty());
    CHECK(f.inquiry.read("\n\r\nbody\r\n").empty());
    CHECK(f.inquiry.facts().header.fields == 2);
    CHECK(f.inquiry.read("more\r\n").empty());
    CHECK(f.inquiry.finish().empty());
  }
  SECTION("too long") {
    CHECK(f.inquiry.read("From: a\r\nDate: b\r\nX: 567890123").empty());
    CHECK(names_of(f.inquiry.read("4")) == "header_limit");
    CHECK(f.inquiry.read("5").empty());
  }
  SECTION("the message ends") {
    CHECK(f.inquiry.read("From: a\r\n").empty());
    CHECK(names_of(f.inquiry.finish()) == "header_missing");
  }
}

TEST_CASE("inquiry: who is gone is told nothing", "[checks]") {
  Fixture f;
  f.inquiry.connect(false);
  f.inquiry.begin("x.test", {"ann", "far.test"});
  bool told = false;
  f.inquiry.judge_recipient(kAlice, [&](const Verdicts&) { told = true; });
  f.inquiry.cancel();
  for (int turn = 0; turn < 5; ++turn) event_base_loop(f.world.loop.raw(), EVLOOP_NONBLOCK);
  CHECK_FALSE(told);
}
