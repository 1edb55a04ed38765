#include <fmt/format.h>

#include "tests/unit/deliverd/remote/secured.h"

namespace deliverd_remote_implicit_tls_test {

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::testing::Secured;
using deliverd::testing::tls_of;

namespace {

// Its server has TLS from the first octet.
struct Implicit : Secured {
  Implicit() { f.server.implicit_tls = true; }
  ipc::Job job_by(const std::string& scheme) {
    ipc::Job job = f.job();
    job.set_next_hop(fmt::format("{}mx1.test:{}", scheme, f.server.address.port));
    return job;
  }
  void ask_for(TlsLevel level) { f.settings.tls_policies = {{"mx1.test", level, {}, false}}; }
};

constexpr const char* kDelivered = "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]";
constexpr const char* kFailed = "mx1.test[127.0.0.1]: TLS from the first octet failed: ";

}  // namespace

TEST_CASE("deliverd implicit tls: mail goes under it, whoever the server is, whatever the policy",
          "[deliverd][tls]") {
  Implicit s;
  s.serve("DNS:other.test");
  const auto level = GENERATE(TlsLevel::none, TlsLevel::may, TlsLevel::encrypt);
  s.ask_for(level);
  CHECK(s.f.run(s.job_by("smtps:")) == kDelivered);
  CHECK(tls_of(s.f, "sent") == "TLSv1.3 TLS_AES_128_GCM_SHA256 unverified");
  CHECK(s.f.server.verbs.count("STAR") == 0);
}

TEST_CASE("deliverd implicit tls: who has to be verified is", "[deliverd][tls]") {
  Implicit s;
  s.ask_for(TlsLevel::verify);
  SECTION("good") {
    CHECK(s.f.run(s.job_by("smtps:")) == kDelivered);
    CHECK(tls_of(s.f, "sent").ends_with(" verified"));
  }
  SECTION("another name") {
    s.serve("DNS:mx.other.test");
    CHECK(s.f.run(s.job_by("smtps:")) ==
          fmt::format("DEFERRED 4.7.5 {}the certificate is for mx.other.test, not for mx1.test",
                      kFailed));
  }
}

TEST_CASE("deliverd implicit tls: REQUIRETLS is passed on under it", "[deliverd][tls]") {
  Implicit s;
  s.f.server.replies["secured EHLO"] = "250-fake\r\n250 REQUIRETLS";
  ipc::Job job = s.job_by("smtps:");
  job.set_tls_required(true);
  CHECK(s.f.run(job) == kDelivered);
  CHECK(tls_of(s.f, "sent").ends_with(" verified"));
}

TEST_CASE("deliverd implicit tls: a session is resumed by the next connection", "[deliverd][tls]") {
  Implicit s;
  s.f.settings.deliverd.messages_per_connection = 1;
  CHECK(s.f.run(s.job_by("smtps:")) == kDelivered);
  CHECK(s.f.run(s.job_by("smtps:")) == kDelivered);
  CHECK(s.f.server.handshakes == 2);
  CHECK(s.f.server.resumed == 1);
}

TEST_CASE("deliverd implicit tls: mail for it never goes in the clear, and is told what is wrong",
          "[deliverd][tls]") {
  Implicit s;
  s.f.server.implicit_tls = false;
  const auto has_starttls = GENERATE(true, false);
  if (!has_starttls) s.f.server.tls = nullptr;
  for (int i = 0; i < 2; ++i)
    CHECK(s.f.run(s.job_by("smtps:")) ==
          fmt::format("DEFERRED 4.7.5 {}what the peer sends is no TLS", kFailed));
  CHECK(s.f.results.back().unreachable().status() == "4.7.5");
  CHECK(s.f.server.messages.empty());
  CHECK(s.f.log_lines.find("event=tls_failed") == std::string::npos);
}

TEST_CASE("deliverd implicit tls: where STARTTLS was expected the reason says what is to be mended",
          "[deliverd][tls]") {
  constexpr const char* kHint =
      "; if the server expects TLS from the first octet, its next hop is smtps:";
  Implicit s;
  SECTION("silent") {
    s.f.settings.deliverd.greeting_timeout = std::chrono::seconds{0};
    CHECK(s.f.run(s.job_by("smtp:")) ==
          fmt::format("DEFERRED 4.4.2 timed out while waiting for the greeting{}", kHint));
  }
  SECTION("silent, and gone") {
    s.f.server.implicit_tls = false;
    s.f.server.replies["greeting"] = "close";
    CHECK(s.f.run(s.job_by("smtp:")) ==
          fmt::format("DEFERRED 4.4.2 the connection was lost while waiting for the greeting{}",
                      kHint));
  }
  SECTION("not silent") {
    s.f.server.implicit_tls = false;
    s.f.server.replies["greeting"] = "what?";
    CHECK(s.f.run(s.job_by("smtp:")).find("smtps:") == std::string::npos);
  }
  SECTION("silent, in LMTP") {
    s.f.settings.deliverd.greeting_timeout = std::chrono::seconds{0};
    CHECK(s.f.run(s.job_by("lmtp:")).find("smtps:") == std::string::npos);
  }
  CHECK(s.f.server.messages.empty());
}

TEST_CASE("deliverd implicit tls: what goes by STARTTLS to the same address has its own connection",
          "[deliverd][tls]") {
  Implicit s;
  CHECK(s.f.run(s.job_by("smtps:")) == kDelivered);
  s.f.server.implicit_tls = false;
  CHECK(s.f.run(s.job_by("smtp:")) == kDelivered);
  CHECK(s.f.server.verbs.count("STAR") == 1);
  CHECK(s.f.server.connections == 2);
}

TEST_CASE("deliverd implicit tls: there is a login at a smart host that is met so, and there alone",
          "[deliverd][tls]") {
  Implicit s;
  s.f.outgoing.login = sasl::Login{"anna", Secret("secret")};
  s.f.settings.relay.smarthost = fmt::format("smtps:MX1.test:{}", s.f.server.address.port);
  s.f.server.replies["secured EHLO"] = "250-fake\r\n250 AUTH PLAIN";
  RemoteDelivery delivery(s.f.loop, s.f.settings, s.f.resolver, s.f.tls_policies, s.f.outgoing,
                          s.f.random, s.f.clock, s.f.log, s.f.counters);
  const auto run = [&](const ipc::Job& job) {
    std::string status;
    delivery.deliver(job, s.f.source.get(), [&](const ipc::JobResult& result) {
      status = result.recipients(0).status();
      s.f.loop.stop();
    });
    s.f.loop.run();
    return status;
  };
  CHECK(run(s.job_by("smtps:")) == "2.0.0");
  CHECK(s.f.server.verbs.count("AUTH") == 1);
  s.f.server.verbs.clear();
  s.f.settings.relay.smarthost = fmt::format("mx1.test:{}", s.f.server.address.port);
  CHECK(run(s.job_by("smtps:")) == "2.0.0");
  CHECK(s.f.server.verbs.count("AUTH") == 0);
}

}  // namespace deliverd_remote_implicit_tls_test
