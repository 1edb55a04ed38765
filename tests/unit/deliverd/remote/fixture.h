// fixture.h - a RemoteDelivery with what is around it: DNS from tables, two servers, a message in a
// spool that is a memory file.
#pragma once

#include <sys/mman.h>
#include <xxhash.h>

#include <catch2/catch.hpp>
#include <map>

#include "deliverd/remote/remote_delivery.h"
#include "tests/unit/deliverd/remote/fake_server.h"
#include "tests/unit/net/authority.h"
#include "tests/unit/net/fake_resolver.h"

namespace postrider::deliverd::testing {

using postrider::test::addresses;
using postrider::test::FakeResolver;

inline config::Settings some_settings() {
  config::Settings settings;
  settings.hostname = "me.test";
  settings.tls.handshake_timeout = std::chrono::seconds{20};
  settings.deliverd.connections_per_host = 10;
  settings.deliverd.messages_per_connection = 1000;
  settings.deliverd.hosts_per_attempt = 5;
  settings.deliverd.connect_timeout = std::chrono::seconds{5};
  settings.deliverd.idle_timeout = std::chrono::seconds{60};
  settings.deliverd.greeting_timeout = std::chrono::seconds{60};
  settings.deliverd.command_timeout = std::chrono::seconds{60};
  settings.deliverd.data_block_timeout = std::chrono::seconds{60};
  settings.deliverd.data_end_timeout = std::chrono::seconds{60};
  return settings;
}

// Those of the system are read in the time that ten of these tests take.
inline std::string few_authorities() {
  static const postrider::test::TempDirectory directory;
  static const net::testing::Authority authority(directory);
  return authority.certificate_path();
}

struct Fixture {
  // `authorities`: path of those that are trusted.
  explicit Fixture(const std::string& authorities = few_authorities())
      : outgoing{std::move(*net::TlsClient::load(authorities, clock)), std::nullopt},
        source(::memfd_create("spool", MFD_CLOEXEC)) {
    REQUIRE(::write(source.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    settings.relay.port = server.address.port;
    resolver.mx["x.test"] = {net::DnsStatus::found, {{10, "mx1.test"}, {20, "mx2.test"}}, ""};
    resolver.hosts["mx1.test"] = addresses({"127.0.0.1"});
    resolver.hosts["mx2.test"] = addresses({"127.0.0.2"});
  }

  ipc::Job job(std::initializer_list<std::string> recipients = {"a@x.test"}) {
    ipc::Job job;
    job.set_number(++jobs);
    job.set_message_id("00000000000000000001");
    job.set_length(text.size());
    job.set_checksum(XXH3_64bits(text.data(), text.size()));
    job.set_trace("Received: here\r\n");
    job.set_sender("s@y.test");
    job.set_next_hop("mx:x.test");
    unsigned index = 7;
    for (const std::string& address : recipients) {
      job.add_recipients()->set_address(address);
      job.mutable_recipients()->rbegin()->set_index(index++);
    }
    return job;
  }

  void deliver(const ipc::Job& one) {
    ++under_way;
    delivery.deliver(one, source.get(), [this](ipc::JobResult result) {
      results.push_back(std::move(result));
      if (--under_way == 0) loop.stop();
    });
  }
  // "OUTCOME STATUS reply remote", the first recipient's.
  std::string run(const ipc::Job& one) {
    deliver(one);
    loop.run();
    const ipc::RecipientResult& result = results.back().recipients(0);
    const std::string remote = result.remote().empty() ? "" : " from " + result.remote();
    return ipc::Outcome_Name(result.outcome()) + " " + result.status() + " " + result.reply() +
           remote;
  }

  // Runs the loop until `one` has heard `verb`; false if that takes too long.
  bool hears(const FakeServer& one, const std::string& verb) {
    bool late = false;
    event::Timer too_late(loop, [&late] { late = true; });
    too_late.arm(std::chrono::seconds{20});
    while (!late && one.verbs.count(verb) == 0) event_base_loop(loop.raw(), EVLOOP_ONCE);
    return !late;
  }

  const std::string text = "Subject: hello\r\n\r\n.dot\r\n";
  event::EventLoop loop;
  ManualClock clock;
  std::string log_lines;
  log::Logger log{"deliverd", log::Level::debug, log::Format::logfmt, clock,
                  [this](std::string_view lines) { log_lines += lines; }};
  metrics::Counters counters;
  SeededRandom random{1};
  config::Settings settings = some_settings();
  FakeResolver resolver{loop};
  FakeServer server{loop, "127.0.0.1", 0};
  FakeServer second{loop, "127.0.0.2", server.address.port};
  ConfiguredTlsPolicies tls_policies{loop, settings};
  Outgoing outgoing;
  RemoteDelivery delivery{loop,   settings, resolver, tls_policies, outgoing,
                          random, clock,    log,      counters};
  Fd source;
  std::uint64_t jobs = 0;
  int under_way = 0;
  std::vector<ipc::JobResult> results;
};

}  // namespace postrider::deliverd::testing
