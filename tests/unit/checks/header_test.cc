#include "common/checks/header.h"

#include <catch2/catch.hpp>

#include "tests/unit/checks/facts.h"

namespace checks_header_test {

using namespace postrider;
using namespace postrider::checks;
using checks::testing::Stranger;

namespace {

constexpr std::string_view kOrdinary =
    "Received: a\r\n\tfolded\r\nX-Received: no\r\nRECEIVED : b\r\n"
    "From: a\r\nDate: b\r\nsubject: gr\xc3\xbc\xc3\x9f\r\n";

HeaderFacts survey(std::string_view content, std::size_t step = std::string_view::npos,
                   HeaderSurvey::Authors authors = HeaderSurvey::Authors::ignore) {
  HeaderSurvey survey(authors);
  for (std::size_t i = 0; i < content.size(); i += std::min(step, content.size()))
    survey.feed(content.substr(i, step));
  survey.finish();
  return survey.facts();
}

}  // namespace

TEST_CASE("header survey: counts what stands in the header alone, whatever the pieces",
          "[checks]") {
  for (std::size_t step = 1; step < kOrdinary.size(); ++step) {
    const HeaderFacts facts =
        survey(std::string(kOrdinary) + "\r\nReceived: in the body\r\nno field\r\n", step);
    CHECK(facts.octets == kOrdinary.size() + 2);
    CHECK(facts.fields == 6);
    CHECK(facts.received == 2);
    CHECK(facts.single[0] == 1);
    CHECK(facts.single[1] == 1);
    CHECK(facts.single[10] == 1);
    CHECK(facts.misfits == 0);
    CHECK(facts.longest_line == 15);
    CHECK_FALSE(facts.ascii);
  }
}

TEST_CASE("header survey: what stands behind the header is not looked at", "[checks]") {
  const HeaderFacts facts = survey("Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n");
  CHECK(facts.ascii);
  CHECK(facts.octets == 14);
}

TEST_CASE("header survey: the authors are kept where they are asked for", "[checks]") {
  const auto kept = [](std::string_view header) {
    return survey(header, 7, HeaderSurvey::Authors::keep);
  };
  using Strings = std::vector<std::string>;
  const HeaderFacts two = kept(
      "FROM: Ann <ann@a.test>,\r\n ben@b.test\r\nSender : c@c.test\r\nTo: d@d.test\r\n"
      "\r\nFrom: f@f.test\r\n");
  CHECK(two.authors == Strings{"ann@a.test", "ben@b.test", "c@c.test"});
  CHECK_FALSE(two.authors_unclear);
  std::string many = "From: a@b.test";
  for (std::size_t i = 0; i < 100; ++i) many += ", a@b.test";
  CHECK(kept(many + "\r\n\r\n").authors.size() == kMaxAuthors + 1);
  CHECK(survey("From: a@a.test\r\n\r\n").authors.empty());
}

TEST_CASE("header survey: who resends is among the authors, who has resent before is not",
          "[checks]") {
  using Strings = std::vector<std::string>;
  const auto [header, authors] = GENERATE(table<std::string, Strings>({
      {"Resent-From: a@a.test\r\nresent-sender: b@b.test\r\nFrom: c@c.test\r\n\r\n",
       {"a@a.test", "b@b.test", "c@c.test"}},
      {"Received: x\r\nResent-Date: x\r\nResent-From: a@a.test\r\n\r\n", {"a@a.test"}},
      {"Resent-From: a@a.test\r\nResent-From: b@b.test\r\nResent-Sender: c@c.test\r\n\r\n",
       {"a@a.test"}},
      {"Resent-From: a@a.test\r\nReceived: x\r\nResent-Sender: b@b.test\r\n\r\n", {"a@a.test"}},
      {"Resent-To: a@a.test\r\n\r\n", {}},
  }));
  const HeaderFacts facts = survey(header, 7, HeaderSurvey::Authors::keep);
  CHECK(facts.authors == authors);
  CHECK_FALSE(facts.authors_unclear);
}

TEST_CASE("header survey: authors who cannot be told for certain", "[checks]") {
  const auto header = GENERATE_COPY(values<std::string>(
      {"From: nobody:;\r\n\r\n", "From: a@a.test\r\nfrom: a@a.test\r\n\r\n",
       "Sender: a@a.test, b@b.test\r\nFrom: a@a.test\r\n\r\n",
       "Sender: a@a.test\r\nSender: a@a.test\r\n\r\n",
       "Resent-Sender: a@a.test, b@b.test\r\nFrom: a@a.test\r\n\r\n",
       "From: a@a.test" + std::string(message::HeaderScanner::kMaxFieldOctets, ' ') +
           ", b@b.test\r\n\r\n"}));
  CHECK(survey(header, 7, HeaderSurvey::Authors::keep).authors_unclear);
  CHECK_FALSE(survey(header).authors_unclear);
}

TEST_CASE("header survey: one field says that TLS is not required, and says No", "[checks]") {
  const auto [header, not_required] = GENERATE(table<std::string, bool>({
      {"TLS-Required: No\r\n\r\n", true},
      {"tls-required:\r\n no \r\n\r\n", true},
      {"Subject: x\r\n\r\nTLS-Required: No\r\n", false},
      {"TLS-Required: Yes\r\n\r\n", false},
      {"TLS-Required: No, thanks\r\n\r\n", false},
      {"TLS-Required: No\r\nTLS-Required: No\r\n\r\n", false},
      {"TLS-Required: No\r\nTLS-Required: Yes\r\n\r\n", false},
  }));
  CHECK(survey(header).tls_not_required() == not_required);
}

TEST_CASE("header limit check: octets and fields", "[checks]") {
  Stranger s;
  s.settings.smtpd.header_limit = 100;
  s.settings.smtpd.header_field_limit = 5;
  s.facts.header.octets = 100;
  s.facts.header.fields = 5;
  CHECK(s.found(&header_limit).empty());
  s.facts.header.octets = 101;
  CHECK(s.found(&header_limit) == "552 5.3.4 the header is longer than 100 octets");
  s.facts.header.octets = 100;
  s.facts.header.fields = 6;
  CHECK(s.found(&header_limit) == "552 5.3.4 the header has more than 5 fields");
}

TEST_CASE("loop check: so many Received fields are a loop", "[checks]") {
  Stranger s;
  s.settings.smtpd.received_limit = 3;
  s.facts.header.received = 2;
  CHECK(s.found(&loop).empty());
  s.facts.header.received = 3;
  CHECK(s.found(&loop) == "554 5.4.6 mail loop: 3 Received fields or more");
}

TEST_CASE("header syntax check: lines that belong to no field, and lines that are too long",
          "[checks]") {
  const auto [content, found] = GENERATE(table<std::string, std::string>({
      {"From: a\r\nX:\r\n folded\r\n\r\n", ""},
      {"", ""},
      {"\r\nno header at all\r\n", ""},
      {"X: " + std::string(995, 'x') + "\r\n", ""},
      {"X: " + std::string(996, 'x') + "\r\n",
       "550 5.6.0 the header has a line of more than 998 octets"},
      {"From ann Mon Jan  1 00:00:00 2027\r\nFrom: a\r\n",
       "550 5.6.0 the header has lines that belong to no field"},
      {"From: a\r\nHello\r\n\r\n", "550 5.6.0 the header has lines that belong to no field"},
      {" starts folded\r\nFrom: a\r\n", "550 5.6.0 the header has lines that belong to no field"},
      {": no name\r\n", "550 5.6.0 the header has lines that belong to no field"},
      {"a b: two words\r\n", "550 5.6.0 the header has lines that belong to no field"},
  }));
  Stranger s;
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    s.facts.header = survey(content, step);
    CAPTURE(content, step);
    CHECK(s.found(&header_syntax) == found);
  }
}

TEST_CASE("header repeated check: fields that stand once", "[checks]") {
  Stranger s;
  const std::string twice = GENERATE("From", "DATE", "Sender", "Reply-To", "To", "Cc", "bcc",
                                     "Message-ID", "In-Reply-To", "References", "Subject");
  s.facts.header = survey(twice + ": a\r\n");
  CHECK(s.found(&header_repeated).empty());
  s.facts.header = survey(twice + ": a\r\nX-" + twice + ": a\r\n" + twice + ": b\r\n");
  CHECK(s.found(&header_repeated).starts_with("550 5.6.0 the header has more than one "));
}

TEST_CASE("header missing check: From and Date", "[checks]") {
  const auto [content, found] = GENERATE(table<std::string, std::string>({
      {"Date: x\r\nFrom: y\r\n", ""},
      {"Date: x\r\nFromage: y\r\n", "550 5.6.0 the header has no From field"},
      {"From: y\r\nSubject: z\r\n", "550 5.6.0 the header has no Date field"},
  }));
  Stranger s;
  s.facts.header = survey(content);
  CHECK(s.found(&header_missing) == found);
}

}  // namespace checks_header_test
