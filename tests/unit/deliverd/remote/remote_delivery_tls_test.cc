#include <fmt/format.h>

#include "common/base/base64.h"
#include "tests/unit/deliverd/remote/secured.h"

namespace deliverd_remote_remote_delivery_tls_test {

using namespace postrider;
using namespace postrider::deliverd;
using deliverd::testing::Secured;
using deliverd::testing::tls_of;

namespace {

constexpr const char* kDelivered = "DELIVERED 2.0.0 250 queued from mx1.test[127.0.0.1]";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

}  // namespace

TEST_CASE("deliverd remote tls: mail goes under TLS where it may, and the log says how",
          "[deliverd][tls]") {
  Secured s;
  SECTION("verified") {
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(s.f.server.handshakes == 1);
    CHECK(tls_of(s.f, "sent") == "TLSv1.3 TLS_AES_128_GCM_SHA256 verified");
  }
  SECTION("unverified") {
    s.serve("DNS:other.test");
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(tls_of(s.f, "sent") == "TLSv1.3 TLS_AES_128_GCM_SHA256 unverified");
  }
  SECTION("not offered") {
    s.f.server.tls = nullptr;
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(tls_of(s.f, "sent") == "clear (STARTTLS is not offered)");
  }
  SECTION("refused") {
    s.f.server.replies["STARTTLS"] = "454 4.7.0 not now";
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(tls_of(s.f, "sent") == "clear (STARTTLS is refused)");
    CHECK(s.f.server.connections == 1);
  }
  SECTION("not wanted") {
    s.ask_for(TlsLevel::none);
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(tls_of(s.f, "sent") == "clear (policy)");
    CHECK(s.f.server.handshakes == 0);
  }
}

TEST_CASE(
    "deliverd remote tls: where it fails and only may be, mail goes in the clear, for a while "
    "and told once",
    "[deliverd][tls]") {
  Secured s;
  const auto [to, reply, reason] = GENERATE(table<std::string, std::string, std::string>({
      {"STARTTLS", "220 go\r\n250 injected", "before the handshake"},
      {"STARTTLS", "close", "the connection was lost while waiting for the reply to STARTTLS"},
      {"secured EHLO", "close", "the connection was lost while waiting for the reply to EHLO"},
  }));
  CAPTURE(to, reply);
  s.f.server.replies[to] = reply;
  CHECK(s.f.run(s.f.job()) == kDelivered);
  CHECK(s.f.server.connections == 2);
  CHECK(tls_of(s.f, "sent").starts_with("clear ("));
  CHECK(tls_of(s.f, "sent").find(reason) != std::string::npos);
  for (int i = 0; i < 3; ++i) CHECK(s.f.run(s.f.job()) == kDelivered);
  CHECK(count(s.f.log_lines, "event=tls_failed") == 1);
  CHECK(count(s.f.log_lines, "event=connection_failed") == 0);
  CHECK(s.f.server.messages.size() == 4);
}

TEST_CASE("deliverd remote tls: where it has to be, mail waits and is told why",
          "[deliverd][tls]") {
  Secured s;
  const auto level = GENERATE(TlsLevel::encrypt, TlsLevel::verify);
  s.ask_for(level);
  SECTION("not offered") {
    s.f.server.tls = nullptr;
    CHECK(s.f.run(s.f.job()) ==
          "DEFERRED 4.7.4 mx1.test[127.0.0.1]: TLS is required, and the server does not offer "
          "STARTTLS");
    CHECK(s.f.results.back().unreachable().status() == "4.7.4");
  }
  SECTION("refused") {
    s.f.server.replies["STARTTLS"] = "554 never";
    CHECK(s.f.run(s.f.job()) ==
          "DEFERRED 4.7.5 mx1.test[127.0.0.1]: TLS is required, and the server refuses STARTTLS: "
          "554 never");
  }
  SECTION("lost") {
    s.f.server.replies["STARTTLS"] = "close";
    CHECK(s.f.run(s.f.job()).starts_with("DEFERRED 4.4.2 mx1.test[127.0.0.1]: the connection was"));
  }
  SECTION("injected") {
    s.f.server.replies["STARTTLS"] = "220 go\r\n250 injected";
    CHECK(s.f.run(s.f.job()).starts_with("DEFERRED 4.7.5 mx1.test[127.0.0.1]: the server said "));
  }
  CHECK(s.f.server.messages.empty());
  CHECK(count(s.f.log_lines, "event=connection_failed") == 1);
}

TEST_CASE("deliverd remote tls: who has to be verified is, and others wait", "[deliverd][tls]") {
  Secured s;
  s.ask_for(TlsLevel::verify);
  SECTION("good") {
    CHECK(s.f.run(s.f.job()) == kDelivered);
    CHECK(tls_of(s.f, "sent").ends_with(" verified"));
  }
  SECTION("another name") {
    s.serve("DNS:mx.other.test");
    CHECK(s.f.run(s.f.job()) ==
          "DEFERRED 4.7.5 mx1.test[127.0.0.1]: TLS failed: the certificate is for mx.other.test, "
          "not for mx1.test");
  }
  SECTION("another name that is allowed") {
    s.serve("DNS:mx.other.test");
    s.f.settings.tls_policies = {{"x.test", TlsLevel::verify, {".other.test"}, false}};
    CHECK(s.f.run(s.f.job()) == kDelivered);
  }
  SECTION("expired") {
    s.serve("DNS:mx1.test", -1);
    CHECK(s.f.run(s.f.job()).starts_with(
        "DEFERRED 4.7.5 mx1.test[127.0.0.1]: TLS failed: the certificate expired "
        "on "));
  }
}

TEST_CASE("deliverd remote tls: the next host is tried when the first is not protected as asked",
          "[deliverd][tls]") {
  Secured s;
  s.f.resolver.mx["x.test"].records = {{10, "mx1.test"}, {20, "mx2.test"}};
  s.serve("DNS:mx2.test");
  s.f.second.tls = s.server.get();
  s.ask_for(TlsLevel::verify);
  CHECK(s.f.run(s.f.job()) == "DELIVERED 2.0.0 250 queued from mx2.test[127.0.0.2]");
}

TEST_CASE(
    "deliverd remote tls: many messages under TLS use one connection, and domains with the "
    "same host share it",
    "[deliverd][tls]") {
  Secured s;
  s.f.resolver.mx["y.test"] = s.f.resolver.mx["x.test"];
  for (int i = 0; i < 10; ++i) {
    ipc::Job job = s.f.job();
    if (i % 2 == 1) job.set_next_hop("mx:y.test");
    s.f.deliver(job);
  }
  s.f.loop.run();
  CHECK(s.f.server.messages.size() == 10);
  CHECK(s.f.server.connections == 1);
}

TEST_CASE("deliverd remote tls: a connection that may be in the clear is not for mail that may not",
          "[deliverd][tls]") {
  Secured s;
  s.f.resolver.mx["y.test"] = s.f.resolver.mx["x.test"];
  s.serve("DNS:mx.other.test");
  CHECK(s.f.run(s.f.job()) == kDelivered);
  s.f.settings.tls_policies = {{"y.test", TlsLevel::verify, {}, false}};
  ipc::Job strict = s.f.job();
  strict.set_next_hop("mx:y.test");
  CHECK(s.f.run(strict).starts_with("DEFERRED 4.7.5"));
  CHECK(s.f.run(s.f.job()) == kDelivered);
  CHECK(s.f.server.connections == 2);
}

TEST_CASE(
    "deliverd remote tls: REQUIRETLS goes to verified servers that offer it alone, or comes "
    "back",
    "[deliverd][tls]") {
  Secured s;
  ipc::Job job = s.f.job();
  job.set_tls_required(true);
  SECTION("offered") {
    s.f.server.replies["secured EHLO"] = "250-fake\r\n250 REQUIRETLS";
    CHECK(s.f.run(job) == kDelivered);
  }
  SECTION("not offered") {
    CHECK(s.f.run(job) == "FAILED 5.7.30 REQUIRETLS: the server does not offer it");
    CHECK_FALSE(s.f.results.back().has_unreachable());
  }
  SECTION("without TLS") {
    s.f.server.tls = nullptr;
    CHECK(s.f.run(job) ==
          "FAILED 5.7.10 mx1.test[127.0.0.1]: TLS is required, and the server does not offer "
          "STARTTLS");
  }
  SECTION("not verified, which may be mended") {
    s.serve("DNS:mx.other.test");
    CHECK(s.f.run(job).starts_with("DEFERRED 4.7.5"));
    CHECK_FALSE(s.f.results.back().has_unreachable());
  }
  SECTION("by another host") {
    s.f.resolver.mx["x.test"].records = {{10, "mx2.test"}, {20, "mx1.test"}};
    s.f.server.replies["secured EHLO"] = "250-fake\r\n250 REQUIRETLS";
    CHECK(s.f.run(job) == kDelivered);
    CHECK(s.f.second.messages.empty());
  }
}

TEST_CASE(
    "deliverd remote tls: a report on mail with REQUIRETLS is protected alike where that can be, "
    "and goes all the same",
    "[deliverd][tls]") {
  Secured s;
  ipc::Job report = s.f.job();
  report.set_tls_required(true);
  report.set_sender("");
  SECTION("verified") {
    CHECK(s.f.run(report) == kDelivered);
    CHECK(tls_of(s.f, "sent").ends_with(" verified"));
    CHECK(s.f.server.connections == 1);
  }
  SECTION("not verified") {
    s.serve("DNS:mx.other.test");
    for (int i = 0; i < 2; ++i) CHECK(s.f.run(report) == kDelivered);
    CHECK(tls_of(s.f, "sent").ends_with(" unverified"));
    CHECK(s.f.server.connections == 2);
  }
  SECTION("without TLS") {
    s.f.server.tls = nullptr;
    CHECK(s.f.run(report) == kDelivered);
    CHECK(tls_of(s.f, "sent") == "clear (STARTTLS is not offered)");
  }
  SECTION("nobody there") {
    s.f.resolver.mx["x.test"].records = {{10, "mx3.test"}};
    s.f.resolver.hosts["mx3.test"] = postrider::test::addresses({"127.0.0.3"});
    CHECK(s.f.run(report).starts_with("DEFERRED 4.4.1"));
    CHECK(s.f.results.back().has_unreachable());
  }
}

TEST_CASE("deliverd remote tls: what need not go under TLS is not held up by a policy",
          "[deliverd][tls]") {
  Secured s;
  s.ask_for(TlsLevel::verify);
  s.serve("DNS:mx.other.test");
  ipc::Job job = s.f.job();
  job.set_tls_not_required(true);
  CHECK(s.f.run(job) == kDelivered);
  CHECK(tls_of(s.f, "sent").ends_with(" unverified"));
}

TEST_CASE("deliverd remote tls: a session is resumed by the next connection", "[deliverd][tls]") {
  Secured s;
  s.f.settings.deliverd.messages_per_connection = 1;
  CHECK(s.f.run(s.f.job()) == kDelivered);
  CHECK(s.f.run(s.f.job()) == kDelivered);
  CHECK(s.f.server.handshakes == 2);
  CHECK(s.f.server.resumed == 1);
}

TEST_CASE("deliverd remote tls: at the smart host, and nowhere else, there is a login",
          "[deliverd][tls]") {
  Secured s;
  s.f.outgoing.login = sasl::Login{"anna", Secret("secret")};
  const auto delivery =
      std::make_unique<RemoteDelivery>(s.f.loop, s.f.settings, s.f.resolver, s.f.tls_policies,
                                       s.f.outgoing, s.f.random, s.f.clock, s.f.log, s.f.counters);
  const std::string smarthost = fmt::format("mx1.test:{}", s.f.server.address.port);
  s.f.settings.relay.smarthost = fmt::format("MX1.test:{}", s.f.server.address.port);
  s.f.server.replies["secured EHLO"] = "250-fake\r\n250 AUTH PLAIN";
  const auto run = [&](const std::string& next_hop) {
    ipc::Job job = s.f.job();
    job.set_next_hop(next_hop);
    std::string status;
    delivery->deliver(job, s.f.source.get(), [&](const ipc::JobResult& result) {
      status = result.recipients(0).status() + " " + result.recipients(0).reply();
      s.f.loop.stop();
    });
    s.f.loop.run();
    return status;
  };
  SECTION("by MX to the same server") {
    CHECK(run("mx:x.test") == "2.0.0 250 queued");
    CHECK(s.f.server.verbs.count("AUTH") == 0);
  }
  SECTION("accepted") {
    CHECK(run("smtp:" + smarthost) == "2.0.0 250 queued");
    CHECK(s.f.server.verbs.count("AUTH") == 1);
    CHECK(run("mx:x.test") == "2.0.0 250 queued");
    CHECK(s.f.server.connections == 2);
  }
  SECTION("refused, which others do not feel") {
    s.f.server.replies["AUTH"] = "535 5.7.8 wrong";
    CHECK(run("smtp:" + smarthost) ==
          "4.7.0 mx1.test[127.0.0.1]: our login is refused: 535 5.7.8 wrong");
    CHECK(count(s.f.log_lines, "event=login_failed") == 1);
    CHECK(run("mx:x.test") == "2.0.0 250 queued");
  }
  SECTION("not shown in the clear because a handshake has failed") {
    s.f.settings.tls_policies = {{"mx1.test", TlsLevel::may, {}, false}};
    s.f.server.replies["EHLO"] = "250-fake\r\n250-STARTTLS\r\n250 AUTH PLAIN";
    s.f.server.replies["STARTTLS"] = "close";
    CHECK(run("smtp:" + smarthost).starts_with("4."));
    CHECK(run("smtp:" + smarthost).starts_with("4."));
    CHECK(s.f.server.verbs.count("AUTH") == 0);
    CHECK(count(s.f.log_lines, "event=tls_failed") == 0);
  }
  SECTION("not shown to a server that is not verified") {
    s.serve("DNS:mx.other.test");
    CHECK(run("smtp:" + smarthost).starts_with("4.7.5 mx1.test[127.0.0.1]: TLS failed: "));
    CHECK(s.f.server.verbs.count("AUTH") == 0);
  }
  CHECK(s.f.log_lines.find("secret") == std::string::npos);
  CHECK(s.f.log_lines.find(to_base64(std::string("\0anna\0secret", 12))) == std::string::npos);
}

}  // namespace deliverd_remote_remote_delivery_tls_test
