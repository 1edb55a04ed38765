#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fixture.h"

namespace deliverd_remote_destination_limits_test {

using namespace postrider;
using namespace std::chrono_literals;
using namespace postrider::deliverd;
using deliverd::testing::Fixture;

namespace {

// Two domains, each with a mail exchanger of its own name at the same address.
struct Provider : Fixture {
  Provider() {
    settings.deliverd.idle_timeout = std::chrono::hours{1};  // nothing is to wait for it
    resolver.mx["x.test"] = {net::DnsStatus::found, {{10, "mx1.test"}}, ""};
    resolver.mx["y.test"] = {net::DnsStatus::found, {{10, "mx.y.test"}}, ""};
    resolver.hosts["mx.y.test"] = resolver.hosts["mx1.test"];
  }
  ipc::Job job_for(const std::string& domain) {
    ipc::Job one = job({"a@" + domain});
    one.set_next_hop("mx:" + domain);
    return one;
  }
  std::size_t delivered() const {
    return static_cast<std::size_t>(
        std::count_if(results.begin(), results.end(), [](const ipc::JobResult& result) {
          return result.postponed_us() == 0 && result.recipients(0).outcome() == ipc::DELIVERED;
        }));
  }
};

}  // namespace

TEST_CASE("deliverd destinations: domains whose servers have one address share its connections",
          "[deliverd]") {
  Provider p;
  // Each domain alone would have two, and both together more than kWaitingPerConnection.
  p.settings.deliverd.connections_per_host = 2;
  for (int i = 0; i < 24; ++i)
    for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 48);
  CHECK(p.server.load->most_open == 2);
}

TEST_CASE("deliverd destinations: what is kept apart takes turns at the connections of an address",
          "[deliverd]") {
  Provider p;
  p.settings.deliverd.connections_per_host = 1;
  p.settings.destinations = {{{"y.test"}, {}, 0, 100, {}}};
  for (int i = 0; i < 24; ++i)
    for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 48);
  CHECK(p.server.load->most_open == 1);
  CHECK(p.server.connections > 2);
}

TEST_CASE("deliverd destinations: a connection without work is left for another's", "[deliverd]") {
  Provider p;
  p.settings.deliverd.connections_per_host = 1;
  p.settings.destinations = {{{"y.test"}, {}, 0, 100, {}}};
  CHECK(p.run(p.job_for("x.test")).starts_with("DELIVERED"));
  CHECK(p.run(p.job_for("y.test")).starts_with("DELIVERED"));
  CHECK(p.server.load->most_open == 1);
}

TEST_CASE("deliverd destinations: a table's connections are those of all hosts that it matches",
          "[deliverd]") {
  Provider p;
  const unsigned limit = GENERATE(1U, 2U);
  p.settings.destinations = {{{}, {".test"}, limit, 0, {}}};
  p.resolver.hosts["mx.y.test"] = p.resolver.hosts["mx2.test"];
  p.second.load = p.server.load;
  for (int i = 0; i < 25; ++i)
    for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 50);
  CHECK(p.server.load->most_open == static_cast<int>(limit));
}

TEST_CASE("deliverd destinations: a server that refuses one more connection is given what it bears",
          "[deliverd]") {
  Provider p;
  p.server.bears = 1;
  p.settings.destinations = {{{"y.test"}, {}, 0, 100, {}}};
  CHECK(p.run(p.job_for("x.test")).starts_with("DELIVERED"));
  for (int i = 0; i < 20; ++i)
    for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 41);
}

TEST_CASE("deliverd destinations: a message has no more recipients than its destination allows",
          "[deliverd]") {
  Fixture f;
  f.settings.destinations = {{{"x.test"}, {}, 0, 2, {}}};
  f.run(f.job({"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"}));
  CHECK(f.server.messages.size() == 3);
  REQUIRE(f.results[0].recipients_size() == 5);
  for (const auto& result : f.results[0].recipients()) CHECK(result.outcome() == ipc::DELIVERED);
}

TEST_CASE("deliverd destinations: a socket has limits of its own, and none of the network's",
          "[deliverd]") {
  Fixture f;
  const postrider::test::TempDirectory directory;
  const std::string path = directory.path("lmtp");
  deliverd::testing::FakeServer store(f.loop, *net::open_listening_unix_socket(path, 0600));
  f.settings.destinations = {{{"*"}, {"*"}, 0, 1, {}}, {{}, {"unix:" + path}, 0, 2, {}}};
  ipc::Job job = f.job({"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"});
  job.set_next_hop("lmtp:unix:" + path);
  f.run(job);
  CHECK(store.messages.size() == 3);
}

TEST_CASE("deliverd destinations: what a server tells of its limits is kept to", "[deliverd]") {
  Fixture f;
  f.server.replies["EHLO"] = "250-fake\r\n250 LIMITS RCPTMAX=2 MAILMAX=1";
  f.run(f.job({"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"}));
  CHECK(f.server.messages.size() == 3);
  CHECK(f.server.connections == 3);
  for (const auto& result : f.results[0].recipients()) CHECK(result.outcome() == ipc::DELIVERED);
}

TEST_CASE("deliverd destinations: what a server takes of a message that is split is not sent again",
          "[deliverd]") {
  Fixture f;
  f.settings.destinations = {{{"x.test"}, {}, 0, 1, {}}};
  f.server.messages_per_session = 1;
  f.server.bears = 1;
  f.run(f.job({"a@x.test", "b@x.test", "c@x.test"}));
  CHECK(f.server.messages.size() + f.second.messages.size() == 3);
  for (const auto& result : f.results[0].recipients()) CHECK(result.outcome() == ipc::DELIVERED);
}

TEST_CASE("deliverd destinations: connections and turns are waited for together, and all mail goes",
          "[deliverd][slow]") {
  Provider p;
  p.settings.deliverd.connections_per_host = 1;
  p.resolver.hosts["mx.y.test"] = p.resolver.hosts["mx2.test"];
  p.resolver.mx["z.test"] = p.resolver.mx["x.test"];
  p.settings.destinations = {{{"x.test", "y.test"}, {}, 1, 0, {500, 1s}}};
  p.second.load = p.server.load;
  p.server.bears = 2;
  for (int i = 0; i < 22; ++i)
    for (const char* domain : {"x.test", "y.test", "z.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == p.results.size());
  CHECK(p.server.load->most_open == 2);  // one of the table's, one of z.test's
}

TEST_CASE("deliverd destinations: a table without connections leaves them to each address",
          "[deliverd]") {
  Provider p;
  p.settings.deliverd.connections_per_host = 1;
  p.settings.destinations = {{{"*"}, {}, 0, 50, {}}};
  p.resolver.hosts["mx.y.test"] = p.resolver.hosts["mx2.test"];
  for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 2);
  CHECK(p.delivery.connections_to(p.server.address) == 1);
  CHECK(p.delivery.connections_to(p.second.address) == 1);
}

TEST_CASE("deliverd destinations: those of a table that shares nothing do not wait for each other",
          "[deliverd]") {
  Provider p;
  p.settings.destinations = {{{"*"}, {}, 0, 50, {}}};
  p.resolver.hosts["mx.y.test"] = p.resolver.hosts["mx2.test"];
  for (std::uint64_t i = 0; i < Budget::kFew - 1; ++i)
    for (const char* domain : {"x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CAPTURE(p.log_lines);
  CHECK(p.delivered() == 2 * (Budget::kFew - 1));
}

TEST_CASE("deliverd destinations: a rate lies between the messages of all that it is for",
          "[deliverd][slow]") {
  Provider p;
  p.settings.destinations = {{{"x.test", "y.test"}, {}, 0, 0, {50, 1s}}};
  const auto begun = std::chrono::steady_clock::now();
  for (const char* domain : {"x.test", "y.test", "x.test", "y.test"}) p.deliver(p.job_for(domain));
  p.loop.run();
  CHECK(p.delivered() == 4);
  CHECK(std::chrono::steady_clock::now() - begun >= 60ms);
}

TEST_CASE("deliverd destinations: jobs whose turn is far off are sent back, and told when it comes",
          "[deliverd]") {
  Fixture f;
  f.settings.destinations = {{{"x.test"}, {}, 0, 0, {1, 30s}}};
  CHECK(f.run(f.job()).starts_with("DELIVERED"));
  for (int i = 0; i < 3; ++i) f.deliver(f.job());
  f.loop.run();
  REQUIRE(f.results.size() == 4);
  CHECK(f.results[1].postponed_us() > 25'000'000);
  CHECK(f.results[2].postponed_us() > 55'000'000);
  CHECK(f.results[3].postponed_us() == 60'000'000);
  CHECK(f.server.messages.size() == 1);
  CHECK(f.counters.value(metrics::Counter::delivery_postponed) == 3);
  CHECK(f.counters.value(metrics::Counter::delivery_attempts_remote) == 1);
}

TEST_CASE("deliverd destinations: a server that asks for less is sent less, and the log says so",
          "[deliverd]") {
  Fixture f;
  f.server.replies["RCPT"] = GENERATE("450 4.7.0 too much mail from you", "421 4.3.2 slow down");
  f.run(f.job());
  CHECK(f.log_lines.find("event=slowed_down") != std::string::npos);
  CHECK(f.log_lines.find("interval_ms=20") != std::string::npos);
}

TEST_CASE(
    "deliverd destinations: who knows a sender not yet, or is busy with one address, is not "
    "slowed down for",
    "[deliverd]") {
  Fixture f;
  f.server.replies["RCPT"] = GENERATE("450 4.7.1 greylisted, try again in 300 seconds",
                                      "452 4.2.2 mailbox full", "450 4.1.1 try later");
  f.run(f.job());
  CHECK(f.log_lines.find("event=slowed_down") == std::string::npos);
}

}  // namespace deliverd_remote_destination_limits_test
