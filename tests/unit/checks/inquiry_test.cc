#include "common/checks/inquiry.h"

#include "tests/unit/smtpd/world.h"

namespace checks_inquiry_test {

using namespace postrider;
using namespace postrider::checks;
using config::CheckAction;
using net::DnsStatus;
using postrider::smtpd::testing::Kind;
using postrider::smtpd::testing::World;

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

  // What speaks against the message, known at once.
  Verdicts finished() {
    auto verdicts = inquiry.finish([](const Verdicts&) { FAIL("it is waited for"); });
    REQUIRE(verdicts);
    return *verdicts;
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
    CHECK(f.finished().empty());
  }
  SECTION("too long") {
    CHECK(f.inquiry.read("From: a\r\nDate: b\r\nX: 567890123").empty());
    CHECK(names_of(f.inquiry.read("4")) == "header_limit");
    CHECK(f.inquiry.read("5").empty());
  }
  SECTION("the message ends") {
    CHECK(f.inquiry.read("From: a\r\n").empty());
    CHECK(names_of(f.finished()) == "header_missing");
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

namespace {

// Alice has logged in.
struct UserFixture : Fixture {
  UserFixture() {
    client.may_relay = true;
    client.user = "alice@here.test";
    world.settings.checks.sender_right = CheckAction::refuse;
    world.settings.checks.author_right = CheckAction::refuse;
    inquiry.connect(false);
  }
  void accept_recipient() {
    inquiry.begin("x.test", kAlice);
    CHECK(judged({"friend", "far.test"}).empty());
    CHECK(inquiry.judge_data(1, false).empty());
  }
  // What speaks against the message, once the authors are known; the reply.
  std::string awaited() {
    std::optional<std::string> reply;
    const auto now = inquiry.finish([&](const Verdicts& verdicts) {
      reply = decisive(verdicts) == nullptr ? "" : to_line(decisive(verdicts)->reply);
      world.loop.stop();
    });
    REQUIRE_FALSE(now);
    world.loop.run();
    REQUIRE(reply);
    return *reply;
  }
};

}  // namespace

TEST_CASE("inquiry: a user's right to the sender is asked for with each message", "[checks]") {
  UserFixture f;
  f.inquiry.begin("x.test", kAlice);
  CHECK(f.judged({"friend", "far.test"}).empty());
  f.inquiry.begin("x.test", {"bob", "here.test"});
  CHECK(f.judged({"friend", "far.test"}) == "sender_right");
  CHECK(f.against == "553 5.7.1 alice@here.test may not send as bob@here.test");
  f.world.directory.send_rights.insert({"alice@here.test", "bob@here.test"});
  f.inquiry.begin("x.test", {"bob", "here.test"});
  CHECK(f.judged({"friend", "far.test"}).empty());
}

TEST_CASE("inquiry: to write to a postmaster gives a user no rights", "[checks]") {
  UserFixture f;
  f.inquiry.begin("x.test", {"bob", "here.test"});
  CHECK(f.judged({"postmaster", "far.test"}) == "sender_right");
  CHECK_FALSE(f.against.empty());
}

TEST_CASE("inquiry: authors are asked about when the header is over, and awaited at the end",
          "[checks]") {
  UserFixture f;
  const auto [from, reply] = GENERATE(table<std::string, std::string>({
      {"alice@here.test", ""},
      {"Bob <bob@here.test>", "550 5.7.1 alice@here.test may not send as bob@here.test"},
      {"alice@here.test, bob@here.test", "550 5.7.1 alice@here.test may not send as bob@here.test"},
      {"bob@m\u00fcnchen.test", "550 5.7.1 alice@here.test may not send as the author it names"},
      {"bob@" + std::string(60, 'x') + "." + std::string(60, 'y') + "." + std::string(60, 'z') +
           "." + std::string(60, 'x') + ".test",
       "550 5.7.1 alice@here.test may not send as the author it names"},
      {"alice@b\u00fccher.test", ""},
  }));
  f.world.directory.send_rights.insert({"alice@here.test", "alice@xn--bcher-kva.test"});
  f.accept_recipient();
  CHECK(f.inquiry.read("From: " + from + "\r\n\r\nbody\r\n").empty());
  SECTION("before they are known") { CHECK(f.awaited() == reply); }
  SECTION("once they are known") {
    f.world.loop.defer([&] { f.world.loop.stop(); });
    f.world.loop.run();
    const Verdicts verdicts = f.finished();
    CHECK((decisive(verdicts) == nullptr ? "" : to_line(decisive(verdicts)->reply)) == reply);
  }
}

TEST_CASE("inquiry: an author that is no address, or at no domain, is not the user's", "[checks]") {
  const std::string from = GENERATE("alice..@here.test", "postmaster@\U0001f4ec.test");
  UserFixture f;
  f.world.directory.send_rights.insert(
      {"alice@here.test", smtp::Mailbox{"postmaster", ""}.unquoted()});
  f.accept_recipient();
  const Verdicts verdicts = f.inquiry.read("From: " + from + "\r\n\r\n");
  REQUIRE(decisive(verdicts) != nullptr);
  CHECK(decisive(verdicts)->check == "author_right");
  CHECK(f.finished().empty());
}

TEST_CASE("inquiry: while the directory is away nobody's authors are known", "[checks]") {
  UserFixture f;
  f.accept_recipient();
  f.world.directory.away = true;
  CHECK(f.inquiry.read("From: alice@here.test\r\n\r\n").empty());
  CHECK(f.awaited() == "451 4.3.0 cannot look up the author now, try again");
}

TEST_CASE("inquiry: the authors of one message are not those of the next", "[checks]") {
  UserFixture f;
  f.accept_recipient();
  CHECK(f.inquiry.read("From: bob@here.test\r\n\r\n").empty());
  CHECK_FALSE(f.awaited().empty());
  f.accept_recipient();
  CHECK(f.inquiry.read("From: alice@here.test\r\n\r\n").empty());
  CHECK(f.awaited().empty());
}

TEST_CASE("inquiry: who is gone is not told of authors either", "[checks]") {
  UserFixture f;
  f.accept_recipient();
  CHECK(f.inquiry.read("From: alice@here.test\r\n\r\n").empty());
  bool told = false;
  CHECK_FALSE(f.inquiry.finish([&](const Verdicts&) { told = true; }));
  f.inquiry.cancel();
  for (int turn = 0; turn < 5; ++turn) event_base_loop(f.world.loop.raw(), EVLOOP_NONBLOCK);
  CHECK_FALSE(told);
}

}  // namespace checks_inquiry_test
