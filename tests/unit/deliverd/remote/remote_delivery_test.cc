#include "deliverd/remote/remote_delivery.h"

#include "tests/unit/deliverd/remote/fixture.h"

namespace deliverd_remote_remote_delivery_test {

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::testing::addresses;
using deliverd::testing::FakeServer;
using deliverd::testing::Fixture;

TEST_CASE("deliverd remote: a message reaches the best host, with its trace fields", "[deliverd]") {
  Fixture f;
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.results[0].number() == 1);
  CHECK(f.results[0].recipients(0).index() == 7);
  CHECK(f.server.messages ==
        std::vector<std::string>{"Received: here\r\nSubject: hello\r\n\r\n..dot\r\n"});
  CHECK(f.second.connections == 0);
  CHECK(f.log_lines.find("event=sent") != std::string::npos);
}

TEST_CASE("deliverd remote: each recipient has its own result", "[deliverd]") {
  Fixture f;
  f.server.replies["RCPT"] = "550 5.1.1 nobody";
  CHECK(f.run(f.job({"a@x.test", "b@x.test"})) ==
        "FAILED 5.1.1 550 5.1.1 nobody from mx1.test[127.0.0.1]");
  CHECK(f.results[0].recipients_size() == 2);
  CHECK(f.results[0].recipients(1).index() == 8);
  CHECK(f.results[0].recipients(1).outcome() == ipc::FAILED);
}

TEST_CASE("deliverd remote: it is told whether the server reports on what it accepted",
          "[deliverd]") {
  Fixture f;
  const bool offered = GENERATE(true, false);
  if (offered) f.server.replies["EHLO"] = "250-fake\r\n250 DSN";
  f.run(f.job());
  CHECK(f.results[0].recipients(0).outcome() == ipc::DELIVERED);
  CHECK(f.results[0].recipients(0).dsn() == offered);
}

TEST_CASE("deliverd remote: what DNS says decides without a connection", "[deliverd]") {
  Fixture f;
  f.resolver.mx["null.test"] = {net::DnsStatus::found, {{0, ""}}, ""};
  f.resolver.mx["slow.test"] = {net::DnsStatus::temporary, {}, "slow.test MX: no answer"};
  f.resolver.mx["self.test"] = {net::DnsStatus::found, {{10, "me.test"}}, ""};
  f.resolver.mx["bare.test"] = {net::DnsStatus::no_data, {}, ""};
  const auto [hop, expected] = GENERATE(table<std::string, std::string>({
      {"mx:null.test", "FAILED 5.1.10 null.test does not accept mail (null MX)"},
      {"mx:absent.test", "FAILED 5.1.2 the domain absent.test does not exist"},
      {"mx:slow.test", "DEFERRED 4.4.3 slow.test MX: no answer"},
      {"mx:self.test",
       "FAILED 5.4.6 mail for self.test loops back to myself: this host is its mail "
       "exchanger, but does not know the domain"},
      {"mx:bare.test", "FAILED 5.4.4 no such name"},
      {"smtp:absent.test:25", "DEFERRED 4.3.5 no such name"},
      {"what?",
       "DEFERRED 4.3.5 'what?' is no next hop: it is mx:DOMAIN, smtp:HOST:PORT, "
       "smtp:[ADDRESS]:PORT, the same with smtps: or lmtp:, or lmtp:unix:/PATH"},
  }));
  ipc::Job job = f.job();
  job.set_next_hop(hop);
  CHECK(f.run(job) == expected);
  CHECK(f.server.connections == 0);
}

TEST_CASE("deliverd remote: when a host fails the next is tried", "[deliverd]") {
  const auto [to, reply] = GENERATE(table<std::string, std::string>({
      {"greeting", "421 busy"},
      {"greeting", "554 no mail here"},
      {"greeting", "close"},
      {"greeting", "what?"},
      {"EHLO", "close"},
      {"EHLO", "450 not now"},
      {"MAIL", "421 closing"},
      {"MAIL", "close"},
      {"RCPT", "close"},
      {"DATA", "close"},
  }));
  CAPTURE(to, reply);
  Fixture f;
  f.server.replies[to] = reply;
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
  CHECK(f.server.messages.empty());
}

TEST_CASE("deliverd remote: of several next hops the next is asked when one gives no session",
          "[deliverd]") {
  Fixture f;
  const auto [first, told] = GENERATE(table<std::string, std::string>({
      {"mx:x.test", "250 queued from mx2.test[127.0.0.2]"},
      {"mx:null.test", "250 queued from other.test[127.0.0.2]"},
      {"mx:slow.test", "250 queued from other.test[127.0.0.2]"},
      {"smtp:absent.test", "250 queued from other.test[127.0.0.2]"},
      {"smtp:[127.0.0.3]", "250 queued from other.test[127.0.0.2]"},
      {"smtp:mx1.test,smtp:[127.0.0.3]", "250 queued from other.test[127.0.0.2]"},
  }));
  CAPTURE(first);
  f.server.replies["greeting"] = "554 no mail here";
  f.resolver.mx["null.test"] = {net::DnsStatus::found, {{0, ""}}, ""};
  f.resolver.mx["slow.test"] = {net::DnsStatus::temporary, {}, "slow.test MX: no answer"};
  f.resolver.hosts["other.test"] = addresses({"127.0.0.2"});
  ipc::Job job = f.job();
  job.set_next_hop(first + ",smtp:other.test");
  CHECK(f.run(job) == "DELIVERED 2.0.0 " + told);
}

TEST_CASE("deliverd remote: a later next hop is tried, however many addresses an earlier one has",
          "[deliverd]") {
  Fixture f;
  f.settings.deliverd.hosts_per_attempt = 2;
  f.resolver.hosts["many.test"] = addresses({"127.0.0.3", "127.0.0.4", "127.0.0.5"});
  ipc::Job job = f.job();
  job.set_next_hop("smtp:many.test,smtp:mx1.test");
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
}

TEST_CASE("deliverd remote: a word on a recipient is final, whatever other next hops there are",
          "[deliverd]") {
  Fixture f;
  f.server.replies["RCPT"] = GENERATE(as<std::string>(), "450 4.2.0 later", "550 5.1.1 unknown");
  ipc::Job job = f.job();
  job.set_next_hop("smtp:mx1.test,smtp:mx2.test");
  CHECK(f.run(job).find(f.server.replies["RCPT"]) != std::string::npos);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: the other family is asked before a refusal for policy ends the mail",
          "[deliverd]") {
  Fixture f;
  FakeServer v6(f.loop, "::1", f.server.address.port);
  f.resolver.hosts["mx1.test"] = addresses({"::1", "127.0.0.1"});
  const auto [first, second, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"550 5.7.25 no name", "", "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]"},
      {"550 5.7.1 no name", "550 5.7.1 nor here",
       "FAILED 5.7.1 550 5.7.1 nor here from mx1.test[127.0.0.1]"},
      {"550 5.7.1 no name", "450 4.7.1 later",
       "DEFERRED 4.7.1 450 4.7.1 later from mx1.test[127.0.0.1]"},
      {"550 5.1.1 unknown", "", "FAILED 5.1.1 550 5.1.1 unknown from mx1.test[::1]"},
      {"450 4.7.1 later", "", "DEFERRED 4.7.1 450 4.7.1 later from mx1.test[::1]"},
  }));
  CAPTURE(first, second);
  v6.replies["RCPT"] = first;
  f.server.replies["RCPT"] = second;
  CHECK(f.run(f.job()) == expected);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: where the other family gives no session, a refusal for policy waits",
          "[deliverd]") {
  Fixture f;
  FakeServer v6(f.loop, "::1", f.server.address.port);
  f.resolver.hosts["mx1.test"] = addresses({"::1", "127.0.0.1"});
  v6.replies["RCPT"] = "550 5.7.25 no name";
  f.server.replies["greeting"] = "554 5.3.2 not now";
  CHECK(f.run(f.job({"a@x.test", "b@x.test"})) ==
        "DEFERRED 4.3.2 554 5.3.2 not now from mx1.test[127.0.0.1]");
  CHECK(f.results[0].recipients(1).outcome() == ipc::DEFERRED);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: a host with both families is met by the one that answers",
          "[deliverd]") {
  Fixture f;
  f.resolver.hosts["mx1.test"] = addresses({"127.0.0.1", "::1"});
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 1);
  FakeServer v6(f.loop, "::1", f.server.address.port);
  f.resolver.hosts["mx2.test"] = addresses({"127.0.0.2", "::1"});
  ipc::Job job = f.job();
  job.set_next_hop("smtp:mx2.test");
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx2.test[::1]");
}

TEST_CASE("deliverd remote: where neither family answers, the next job hears of it at once",
          "[deliverd]") {
  Fixture f;
  f.resolver.hosts["mx1.test"] = addresses({"127.0.0.7", "::1"});
  ipc::Job job = f.job();
  job.set_next_hop("smtp:mx1.test");
  const std::string refused =
      "DEFERRED 4.4.1 [::1]:" + std::to_string(f.server.address.port) + ": Connection refused";
  CHECK(f.run(job) == refused);
  FakeServer v6(f.loop, "::1", f.server.address.port);
  CHECK(f.run(job) == refused);
  job.set_probe(true);
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from mx1.test[::1]");
}

TEST_CASE("deliverd remote: one address that may be tried is enough for a refusal to wait",
          "[deliverd]") {
  Fixture f;
  f.settings.deliverd.hosts_per_attempt = 1;
  FakeServer v6(f.loop, "::1", f.server.address.port);
  f.resolver.hosts["mx1.test"] = addresses({"::1", "127.0.0.1"});
  v6.replies["RCPT"] = "550 5.7.25 no name";
  CHECK(f.run(f.job()) == "DEFERRED 4.7.25 550 5.7.25 no name from mx1.test[::1]");
}

TEST_CASE("deliverd remote: mail whose exchanger has our address loops back to us", "[deliverd]") {
  Fixture f;
  f.settings.smtpd.listen = {{GENERATE(as<std::string>(), "127.0.0.1:", "0.0.0.0:", "[::]:") +
                                  std::to_string(f.server.address.port),
                              config::SmtpMode::mx}};
  f.outgoing.interfaces = interface_addresses();
  RemoteDelivery delivery{f.loop,   f.settings, f.resolver, f.tls_policies, f.outgoing,
                          f.random, f.clock,    f.log,      f.counters};
  ipc::RecipientResult result;
  delivery.deliver(f.job(), f.source.get(), [&](const ipc::JobResult& told) {
    result = told.recipients(0);
    f.loop.stop();
  });
  f.loop.run();
  CHECK(result.status() == "5.4.6");
  CHECK(result.outcome() == ipc::FAILED);
  CHECK(f.server.connections + f.second.connections == 0);
}

TEST_CASE("deliverd remote: a host that gives no session is told goodbye", "[deliverd]") {
  const auto [to, reply] = GENERATE(table<std::string, std::string>({
      {"greeting", "554 no mail here"},
      {"EHLO", "450 not now"},
  }));
  Fixture f;
  f.server.replies[to] = reply;
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.hears(f.server, "QUIT"));
}

TEST_CASE("deliverd remote: a host without addresses or listener is passed over", "[deliverd]") {
  Fixture f;
  f.resolver.hosts["mx1.test"] =
      GENERATE(net::AddressAnswer{net::DnsStatus::no_domain, {}, "gone"},
               net::AddressAnswer{net::DnsStatus::temporary, {}, "slow"}, addresses({"127.0.0.3"}),
               addresses({"127.0.0.3", "127.0.0.4"}));
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
}

TEST_CASE(
    "deliverd remote: a word on a recipient, or a lost reply to the end, is not asked again "
    "elsewhere",
    "[deliverd]") {
  const auto [to, reply, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"RCPT", "450 4.2.0 later", "DEFERRED 4.2.0 450 4.2.0 later from mx1.test[127.0.0.1]"},
      {"MAIL", "550 5.7.1 not you", "FAILED 5.7.1 550 5.7.1 not you from mx1.test[127.0.0.1]"},
      {"end", "close",
       "DEFERRED 4.4.2 the connection was lost while waiting for the reply to the end of the "
       "message"},
  }));
  Fixture f;
  f.server.replies[to] = reply;
  CHECK(f.run(f.job()) == expected);
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: when all hosts fail the mail is deferred, unless all refuse for good",
          "[deliverd]") {
  Fixture f;
  f.server.replies["greeting"] = "554 5.7.1 go away";
  f.second.replies["greeting"] =
      GENERATE(as<std::string>(), "450 4.7.0 later", "554 5.7.1 go away");
  if (f.second.replies["greeting"].starts_with("4")) {
    CHECK(f.run(f.job()) == "DEFERRED 4.7.0 450 4.7.0 later from mx2.test[127.0.0.2]");
  } else {
    CHECK(f.run(f.job()) == "FAILED 5.7.1 554 5.7.1 go away from mx2.test[127.0.0.2]");
  }
}

TEST_CASE("deliverd remote: a destination whose hosts give no session is told of as unreachable",
          "[deliverd]") {
  Fixture f;
  const auto [to, reply, unreachable] = GENERATE(table<std::string, std::string, std::string>({
      {"greeting", "421 4.3.2 busy", "421 4.3.2 busy"},
      {"EHLO", "450 not now", "450 not now"},
      {"greeting", "554 no mail here", ""},  // refused for good, by both
      {"MAIL", "421 closing", ""},           // it gave a session
      {"RCPT", "450 4.7.1 later", ""},
  }));
  CAPTURE(to, reply);
  f.server.replies[to] = reply;
  f.second.replies[to] = reply;
  f.run(f.job());
  CHECK(f.results[0].has_unreachable() == !unreachable.empty());
  CHECK(f.results[0].unreachable().reply() == unreachable);
}

TEST_CASE("deliverd remote: so is one that DNS cannot tell of now", "[deliverd]") {
  Fixture f;
  f.resolver.mx["slow.test"] = {net::DnsStatus::temporary, {}, "slow.test MX: no answer"};
  ipc::Job job = f.job();
  job.set_next_hop("mx:slow.test");
  f.run(job);
  CHECK(f.results[0].unreachable().status() == "4.4.3");
  CHECK(f.results[0].unreachable().reply() == "slow.test MX: no answer");
}

TEST_CASE(
    "deliverd remote: a host that gave no session is passed over for a while, by all but probes",
    "[deliverd]") {
  Fixture f;
  f.server.replies["greeting"] = "421 busy";
  f.run(f.job());
  CHECK(f.server.connections == 1);
  f.server.replies.clear();
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
  CHECK(f.server.connections == 1);
  ipc::Job probe = f.job();
  probe.set_probe(true);
  CHECK(f.run(probe) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
}

TEST_CASE("deliverd remote: another domain behind a dead host hears at once what was wrong with it",
          "[deliverd]") {
  Fixture f;
  f.resolver.mx["x.test"] = {net::DnsStatus::found, {{10, "mx1.test"}}, ""};
  f.resolver.mx["other.test"] = f.resolver.mx["x.test"];
  f.server.replies["greeting"] = "421 busy";
  f.run(f.job());
  ipc::Job job = f.job();
  job.set_next_hop("mx:other.test");
  CHECK(f.run(job) == "DEFERRED 4.0.0 421 busy from mx1.test[127.0.0.1]");
  CHECK(f.results[1].unreachable().reply() == "421 busy");
  CHECK(f.server.connections == 1);
}

TEST_CASE("deliverd remote: a host that refuses for good is asked each time", "[deliverd]") {
  Fixture f;
  f.server.replies["greeting"] = "554 no mail here";
  f.run(f.job());
  f.run(f.job());
  CHECK(f.server.connections == 2);
}

TEST_CASE("deliverd remote: no more hosts are tried than the settings allow", "[deliverd]") {
  Fixture f;
  f.settings.deliverd.hosts_per_attempt = 1;
  f.server.replies["greeting"] = "554 5.7.1 go away";
  CHECK(f.run(f.job()) == "DEFERRED 4.7.1 554 5.7.1 go away from mx1.test[127.0.0.1]");
  CHECK(f.second.connections == 0);
}

TEST_CASE("deliverd remote: one connection carries many messages", "[deliverd]") {
  Fixture f;
  for (int i = 0; i < 20; ++i) f.deliver(f.job());
  f.loop.run();
  CHECK(f.server.messages.size() == 20);
  CHECK(f.server.connections == 1);
  CHECK(f.delivery.connections_to(f.server.address) == 1);
}

TEST_CASE("deliverd remote: 50 messages at once use at most three connections", "[deliverd]") {
  Fixture f;
  for (int i = 0; i < 50; ++i) f.deliver(f.job());
  f.loop.run();
  CHECK(f.server.messages.size() == 50);
  CHECK(f.server.connections <= 3);
}

TEST_CASE("deliverd remote: the connections to a host have their limit", "[deliverd]") {
  Fixture f;
  f.settings.deliverd.connections_per_host = GENERATE(1U, 2U);
  RemoteDelivery limited(f.loop, f.settings, f.resolver, f.tls_policies, f.outgoing, f.random,
                         f.clock, f.log, f.counters);
  // No more than wait for a turn at a time.
  int left = static_cast<int>(Budget::kFew);
  for (std::uint64_t i = 0; i < Budget::kFew; ++i)
    limited.deliver(f.job(), f.source.get(), [&](const ipc::JobResult&) {
      if (--left == 0) f.loop.stop();
    });
  f.loop.run();
  CHECK(f.server.messages.size() == Budget::kFew);
  CHECK(f.server.connections == static_cast<int>(f.settings.deliverd.connections_per_host));
}

TEST_CASE("deliverd remote: a connection is left after its number of messages", "[deliverd]") {
  Fixture f;
  f.settings.deliverd.messages_per_connection = 5;
  for (int i = 0; i < 20; ++i) f.deliver(f.job());
  f.loop.run();
  CHECK(f.server.messages.size() == 20);
  CHECK(f.server.connections == 4);
}

TEST_CASE("deliverd remote: a server that ends a used connection gets the message again",
          "[deliverd]") {
  Fixture f;
  f.server.messages_per_session = 1;
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK(f.run(f.job()) == "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]");
  CHECK(f.server.connections == 2);
}

TEST_CASE("deliverd remote: damaged content is never sent whole", "[deliverd]") {
  Fixture f;
  ipc::Job job = f.job({"a@x.test", "b@x.test"});
  job.set_checksum(1);
  CHECK(f.run(job) == "CORRUPT 5.3.0 the message in the spool is damaged");
  CHECK(f.results[0].recipients(1).outcome() == ipc::CORRUPT);
  CHECK(f.server.messages.empty());
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
}

TEST_CASE("deliverd remote: an address is reached without DNS", "[deliverd]") {
  Fixture f;
  ipc::Job job = f.job();
  job.set_next_hop("smtp:[127.0.0.1]:" + std::to_string(f.server.address.port));
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from [127.0.0.1]");
  job.set_next_hop("mx:[127.0.0.2]");
  CHECK(f.run(job) == "DELIVERED 2.0.0 250 queued from [127.0.0.2]");
}

TEST_CASE("deliverd remote: a message larger than a block and a socket buffer arrives whole",
          "[deliverd][slow]") {
  Fixture f;
  std::string large;
  while (large.size() < (16U << 20U)) large += ".0123456789012345678901234567890123456789\r\n";
  REQUIRE(::pwrite(f.source.get(), large.data(), large.size(), 0) ==
          static_cast<ssize_t>(large.size()));
  ipc::Job job = f.job();
  job.set_length(large.size());
  job.set_checksum(XXH3_64bits(large.data(), large.size()));
  CHECK(f.run(job).starts_with("DELIVERED"));
  std::string expected = "Received: here\r\n";
  smtp::DotStuffer().append(large, expected);
  REQUIRE(f.server.messages.size() == 1);
  CHECK((f.server.messages[0] == expected));
}

TEST_CASE("deliverd remote: what is destroyed tells nobody", "[deliverd]") {
  Fixture f;
  bool told = false;
  {
    RemoteDelivery short_lived(f.loop, f.settings, f.resolver, f.tls_policies, f.outgoing, f.random,
                               f.clock, f.log, f.counters);
    ipc::Job job = f.job();
    job.set_next_hop("smtp:[127.0.0.1]:1");
    short_lived.deliver(job, f.source.get(), [&](const ipc::JobResult&) { told = true; });
  }
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  CHECK_FALSE(told);
}

}  // namespace deliverd_remote_remote_delivery_test
