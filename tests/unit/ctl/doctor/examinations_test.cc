#include "ctl/doctor/examinations.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace ctl_doctor_examinations_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{std::chrono::hours{500'000}};

ipc::SummaryRow row(const std::string& destination, const std::string& status,
                    const std::string& reason, std::uint64_t messages,
                    const std::string& state = "deferred") {
  ipc::SummaryRow row;
  row.set_destination(destination);
  row.set_state(state);
  row.set_status(status);
  row.set_reason(reason);
  row.set_messages(messages);
  row.set_oldest_us((kNow - 2h).time_since_epoch().count());
  return row;
}

Survey survey(std::vector<ipc::SummaryRow> waiting) {
  Survey made{};
  made.time = kNow;
  made.queue.waiting = std::move(waiting);
  return made;
}

}  // namespace

TEST_CASE("doctor: a certificate is well until it is time to renew it", "[doctor]") {
  CHECK(health_of_certificate(kCertificateSoon) == Health::ok);
  CHECK(health_of_certificate(kCertificateSoon - 1s) == Health::warning);
  CHECK(health_of_certificate(kCertificateVerySoon) == Health::warning);
  CHECK(health_of_certificate(kCertificateVerySoon - 1s) == Health::wrong);
  CHECK(health_of_certificate(-1s) == Health::wrong);
}

TEST_CASE("doctor: each group of mail that waits is told in plain words, with its mend",
          "[doctor]") {
  const Findings findings = examine_queue(
      survey({row("lost.test", "4.4.3", "no DNS server answered in time", 2000),
              row("strict.test", "4.7.1", "450 4.7.1 Not allowed by the local policy", 4000),
              row("full.test", "4.2.2", "452 4.2.2 Mailbox full", 1000),
              row("down.test", "4.4.1", "127.0.0.1:25: Connection refused", 3000)}));
  const auto& all = findings.all();
  REQUIRE(all.size() == 5);  // and how many there are
  CHECK(all[0].text.starts_with("4000 messages: A rule of the recipient's site"));
  CHECK(all[0].text.find("450 4.7.1 Not allowed") != std::string::npos);
  CHECK(all[1].text.starts_with("3000 messages: The server for the address could not be reached"));
  CHECK(all[2].text.starts_with("2000 messages: The server for the address could not be looked"));
  CHECK(all[3].text.starts_with("1000 messages: The mailbox is full."));
  CHECK(all[0].mend.find("which rule") != std::string::npos);
  CHECK(all[1].mend.find("port 25") != std::string::npos);
  CHECK(all[2].mend.find("dns.servers") != std::string::npos);
  CHECK(all[3].mend.find("make room") != std::string::npos);
  for (std::size_t i = 0; i < 4; ++i) CHECK(all[i].health == Health::warning);
}

TEST_CASE("doctor: mail that is under way needs nobody", "[doctor]") {
  const Findings findings =
      examine_queue(survey({row("a.test", "", "", 10, "active"), row("b.test", "", "", 10)}));
  REQUIRE(findings.all().size() == 1);
  CHECK(findings.all().front().health == Health::ok);
}

TEST_CASE("doctor: that queued cannot be asked is told once", "[doctor]") {
  Survey silent = survey({});
  silent.queue.failure = "/run/queued.sock: No such file or directory";
  CHECK(examine_queue(silent).all().empty());
  const Findings findings = examine_suite(silent, {}, {});
  REQUIRE(findings.all().size() == 1);
  CHECK(findings.all().front().text.find("queued") != std::string::npos);
}

TEST_CASE("doctor: what status warns of it tells in the same words", "[doctor]") {
  const Findings findings = examine_suite(survey({}), {}, {});
  REQUIRE_FALSE(findings.all().empty());
  CHECK(findings.all().front().health == Health::wrong);
  CHECK(findings.all().front().text.find("do not run") != std::string::npos);
}

TEST_CASE("doctor: only a server that says 220 is one that is reached", "[doctor]") {
  const auto judged = [](const char* line) {
    Findings findings("way out");
    judge_greeting(findings, "mx.test:25", line);
    return findings.all().front();
  };
  CHECK(judged("220 mx.test ESMTP").health == Health::ok);
  CHECK(judged("220-mx.test ESMTP").health == Health::ok);
  for (const char* line :
       {"", "554 5.7.1 No", "421 Later", "HTTP/1.1 400 Bad Request", "22", "250 ok"}) {
    CHECK(judged(line).health == Health::warning);
    CHECK(judged(line).text.find(line) != std::string::npos);
    CHECK_FALSE(judged(line).mend.empty());
  }
}

TEST_CASE("doctor: a certificate that workers serve is told, whatever the file is", "[doctor]") {
  Survey found = survey({});
  metrics::Life life{};
  life.gauges[static_cast<std::size_t>(metrics::Gauge::certificate_expiry)] =
      std::chrono::duration_cast<std::chrono::seconds>((kNow - 1h).time_since_epoch()).count();
  found.reading.lives.push_back(life);
  const Findings findings = examine_suite(found, {}, {});
  CHECK(std::any_of(findings.all().begin(), findings.all().end(), [](const Diagnosis& finding) {
    return finding.text.starts_with("A certificate that is served has expired");
  }));
}

}  // namespace ctl_doctor_examinations_test
