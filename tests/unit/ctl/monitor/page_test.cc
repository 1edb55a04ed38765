#include "ctl/monitor/page.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "ctl/monitor/page_style.h"
#include "tests/unit/ctl/monitor/survey_model.h"

namespace ctl_monitor_page_test {

using namespace postrider;
using namespace postrider::ctl;
using test::kNow;

namespace {

struct Shown {
  Survey survey = test::healthy_survey();
  Samples samples = test::steady_samples(Series::accepted, 30);
  config::Settings settings = test::settings_of_test();
  bool refreshes = true;
  bool can_trace = false;

  std::string page() const {
    return status_page({survey, samples, settings, refreshes, can_trace});
  }
};

bool has(const std::string& page, std::string_view part) {
  return page.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("status page: where all is well it says so, and names nothing else", "[monitor]") {
  const std::string page = Shown().page();
  CHECK(has(page, "All is well"));
  CHECK_FALSE(has(page, "class=\"warnings\""));
  CHECK(has(page, "mx.example.test"));
  CHECK(has(page, "Nothing waits: all goes at once."));
  CHECK(has(page, "deliverd@remote"));
}

TEST_CASE("status page: what is wrong comes before all numbers, with what mends it", "[monitor]") {
  Shown shown;
  std::erase_if(shown.survey.reading.lives,
                [](const metrics::Life& life) { return life.process == "smtpd"; });
  shown.survey.uses.resize(shown.survey.reading.lives.size());
  const std::string page = shown.page();
  CHECK(has(page, "1 to be mended now"));
  CHECK(page.find("smtpd does not run.") < page.find("class=\"tiles\""));
  CHECK(has(page, "No mail is taken in."));
}

TEST_CASE("status page: the queue, its trouble, and what was returned stand there", "[monitor]") {
  Shown shown;
  shown.survey = test::troubled_survey();
  const std::string page = shown.page();
  CHECK(has(page, "mx:slow.example.net"));
  CHECK(has(page, "Connection refused"));
  CHECK(has(page, "1\u202f034"));
  CHECK(has(page, "in 9m"));
  CHECK(has(page, "big.example.com"));
  CHECK(has(page, "over 3d"));
  CHECK(has(page, "class=\"h4\">700"));
  CHECK(has(page, "550 5.1.1 no such user here"));
  CHECK(has(page, "<meter"));
  CHECK(has(page, "the oldest 2d"));
}

TEST_CASE("status page: why mail waits is told by cause, that of the most mail first",
          "[monitor]") {
  Shown shown;
  shown.survey.queue.waiting = {
      test::waiting("a.test", "4.4.1", "connection refused", 300),
      test::waiting("b.test", "4.4.1", "connection refused", 200),
      test::waiting("c.test", "4.4.1", "connection timed out", 90),
      test::waiting("d.test", "4.2.2", "452 4.2.2 over quota", 2400),
      test::waiting("e.test", "", "", 7, "active"),
  };
  const std::string page = shown.page();
  const auto full = page.find(">2\u202f400</td><td class=\"why\"><b>The mailbox is full.</b>");
  const auto unreachable = page.find("><b>The server for the address could not be reached.</b>");
  CHECK(full < unreachable);
  REQUIRE(unreachable != std::string::npos);
  const std::string rest = page.substr(unreachable);
  CHECK(has(rest, "port 25"));
  CHECK(has(rest, "for <bdi>a.test</bdi>, <bdi>b.test</bdi></span>"));
  CHECK(rest.find("connection refused") < rest.find("connection timed out"));
  CHECK_FALSE(has(page, "<bdi>e.test"));
}

TEST_CASE(
    "status page: of many destinations and reasons a cause shows the first, and how many more",
    "[monitor]") {
  Shown shown;
  for (unsigned i = 0; i < 9; ++i) {
    shown.survey.queue.waiting.push_back(
        test::waiting(fmt::format("d{}.test", i), "4.4.1", "connection refused", 10));
    shown.survey.queue.waiting.push_back(
        test::waiting("x.test", "4.4.1", fmt::format("connection lost {}", i), 9 - i));
  }
  const std::string page = shown.page();
  CHECK(has(page, "<bdi>d3.test</bdi> and 5 more"));
  CHECK(has(page, "and 6 other reasons of this kind"));
}

TEST_CASE("status page: notes do not hide that it runs", "[monitor]") {
  Shown shown;
  shown.survey.queue.status.set_held(2);
  CHECK(has(shown.page(), "It runs, with 1 note<"));
}

TEST_CASE("status page: what it may not read it does not make up", "[monitor]") {
  Shown shown;
  shown.survey.nearly_full = fail(ErrorKind::temporary, "directory.db: Permission denied");
  CHECK(has(shown.page(), "Not known: directory.db: Permission denied"));
}

TEST_CASE("status page: nothing from outside is markup", "[monitor]") {
  Shown shown;
  shown.survey = test::troubled_survey();
  shown.can_trace = true;
  const std::string page = shown.page();
  CHECK_FALSE(has(page, "<script"));
  CHECK(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(has(page, "no&quot;body&amp;&lt;b&gt;@example.org"));
  const std::string search = trace_page(shown.settings, "\"><b onclick='x'>\x1b[2J", {}, kNow);
  CHECK_FALSE(has(search, "<b onclick"));
  CHECK(has(search, "&quot;&gt;&lt;b onclick=&#39;x&#39;&gt;\\x1b[2J"));
}

TEST_CASE("status page: it brings its style and asks nobody for anything", "[monitor]") {
  const std::string page = Shown().page();
  CHECK(has(page, std::string("<style>") + std::string(kPageStyle) + "</style>"));
  for (const char* part : {" src=", "<link", "@import", "url(", " style=", " onload=", " onclick="})
    CHECK_FALSE(has(page.substr(page.find("</style>")), part));
  CHECK_FALSE(has(kPageStyle.data(), "url("));
  CHECK(page_style_hash().starts_with("'sha256-"));
}

TEST_CASE("status page: it refreshes until it is told not to", "[monitor]") {
  Shown shown;
  CHECK(has(shown.page(), "http-equiv=\"refresh\" content=\"10\""));
  CHECK(has(shown.page(), "href=\"/?refresh=off\""));
  shown.refreshes = false;
  CHECK_FALSE(has(shown.page(), "http-equiv=\"refresh\""));
  CHECK(has(shown.page(), "<a href=\"/\">"));
}

TEST_CASE("status page: the search is there where it can be answered", "[monitor]") {
  Shown shown;
  CHECK_FALSE(has(shown.page(), "<form"));
  shown.can_trace = true;
  CHECK(has(shown.page(), "<form action=\"/trace\" method=\"get\">"));
  CHECK(has(trace_page(shown.settings, "x", TraceFindings(), kNow), "Nothing is known of “x”"));
  CHECK(
      has(trace_page(shown.settings, "x", fail(ErrorKind::temporary, "the log is not there"), kNow),
          "the log is not there"));
}

TEST_CASE("status page: a search shows one message's life, with what was said", "[monitor]") {
  TraceFindings found;
  found.life.emplace();
  found.life->id = "06hh";
  found.life->events.push_back(
      {.time = kNow,
       .process = "smtpd.1",
       .name = "accepted",
       .values = {{"from", "a@example.org"}, {"to", "<i>@example.net"}, {"recipients", "1"}}});
  found.life->events.push_back({.time = kNow + std::chrono::seconds(2),
                                .process = "deliverd-remote.1",
                                .name = "deferred",
                                .values = {{"to", "<i>@example.net"},
                                           {"remote", "mx.example.net"},
                                           {"reply", "451 4.7.1 <b>later</b>"}}});
  const std::string page = trace_page(Shown().settings, "06hh", found, kNow);
  CHECK(has(page, "accepted from &lt;a@example.org&gt;"));
  CHECK(has(page, "2.000s"));
  CHECK(has(page, "451 4.7.1 &lt;b&gt;later&lt;/b&gt;"));
}

TEST_CASE("status page: a search that finds several says how many are in which case", "[monitor]") {
  TraceFindings found;
  for (const char* id : {"06aa", "06bb"}) {
    found.messages.push_back({.id = id, .outcome = {}});
    found.messages.back().outcome.state = "waiting";
    found.messages.back().outcome.why = "the mailbox is full";
  }
  const std::string page = trace_page(Shown().settings, "a@example.org", found, kNow);
  CHECK(has(page, "2 messages of “a@example.org”"));
  CHECK(has(page, "<li>2 waiting: the mailbox is full</li>"));
  CHECK(has(page, "<a href=\"/trace?q=06aa\">06aa</a>"));
  found.cut_off = true;
  CHECK(has(trace_page(Shown().settings, "a@example.org", found, kNow), "The youngest 2 messages"));
}

TEST_CASE("status page: while queued does not answer all else is shown", "[monitor]") {
  Shown shown;
  shown.survey.queue = {.asked = kNow, .failure = "connection refused"};
  const std::string page = shown.page();
  CHECK(has(page, "queued runs and cannot be asked: connection refused."));
  CHECK(has(page, "deliverd@remote"));
}

}  // namespace ctl_monitor_page_test
