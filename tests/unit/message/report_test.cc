#include "common/message/report.h"

#include <catch2/catch.hpp>

#include "common/message/reported_text.h"

namespace message_report_test {

using namespace postrider;
using namespace postrider::message;

namespace {

constexpr std::string_view kOriginal =
    "Received: here\r\nMessage-ID: <m1@x.test>\r\nSubject: hi\r\n\r\nThe body.\r\n";

ReportRequest example() {
  ReportRequest request;
  request.hostname = "mx.test";
  request.id = "0000000000000000000r";
  request.now = WallTime(std::chrono::seconds(1'795'293'498));
  request.sender = "ann@x.test";
  request.arrival = WallTime(std::chrono::seconds(1'795'200'000));
  request.recipients = {
      {"bob@y.test", "", "5.1.1", "550 5.1.1 no such user", "mx.y.test[192.0.2.1]"}};
  request.recipients[0].command = "RCPT TO:<bob@y.test>";
  request.original = kOriginal;
  request.original_size = kOriginal.size();
  return request;
}

bool has(const Report& report, std::string_view text) {
  return report.content.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("message report: a failure, whole", "[message]") {
  const std::string expected =
      "From: Mail Delivery System <MAILER-DAEMON@mx.test>\r\n"
      "To: <ann@x.test>\r\n"
      "Subject: Undelivered mail returned to sender\r\n"
      "Date: Sat, 21 Nov 2026 20:38:18 +0000\r\n"
      "Message-ID: <0000000000000000000r@mx.test>\r\n"
      "In-Reply-To: <m1@x.test>\r\n"
      "References: <m1@x.test>\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status;\r\n"
      "\tboundary=\"0000000000000000000r.0/report\"\r\n"
      "Content-Transfer-Encoding: 7bit\r\n"
      "\r\n"
      "This is a delivery report in MIME format.\r\n"
      "\r\n"
      "--0000000000000000000r.0/report\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 7bit\r\n"
      "\r\n"
      "This is the mail server mx.test.\r\n"
      "\r\n"
      "Your message could not be delivered to the addresses below. It is not tried\r\n"
      "again.\r\n"
      "\r\n"
      "  <bob@y.test>\r\n"
      "\r\n"
      "  There is no such mailbox. Check the address for typing errors. If it is as\r\n"
      "  you know it, ask its owner by other means which one is in use now.\r\n"
      "\r\n"
      "  The server mx.y.test[192.0.2.1] said to RCPT TO:<bob@y.test>:\r\n"
      "    550 5.1.1 no such user\r\n"
      "\r\n"
      "If you need help, ask <postmaster@y.test> or <postmaster@mx.test>, and quote\r\n"
      "this report.\r\n"
      "\r\n"
      "--0000000000000000000r.0/report\r\n"
      "Content-Type: message/delivery-status\r\n"
      "Content-Transfer-Encoding: 7bit\r\n"
      "\r\n"
      "Reporting-MTA: dns; mx.test\r\n"
      "Arrival-Date: Fri, 20 Nov 2026 18:40:00 +0000\r\n"
      "\r\n"
      "Final-Recipient: rfc822; bob@y.test\r\n"
      "Action: failed\r\n"
      "Status: 5.1.1\r\n"
      "Remote-MTA: dns; mx.y.test\r\n"
      "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
      "Last-Attempt-Date: Sat, 21 Nov 2026 20:38:18 +0000\r\n"
      "\r\n"
      "--0000000000000000000r.0/report\r\n"
      "Content-Type: text/rfc822-headers\r\n"
      "Content-Transfer-Encoding: 7bit\r\n"
      "\r\n"
      "Received: here\r\n"
      "Message-ID: <m1@x.test>\r\n"
      "Subject: hi\r\n"
      "\r\n"
      "--0000000000000000000r.0/report--\r\n";
  const Report report = compose(example());
  CHECK(report.content == expected);
  CHECK_FALSE(report.eight_bit);
  CHECK_FALSE(report.smtputf8);
}

TEST_CASE("message report: a delay says until when it is tried", "[message]") {
  ReportRequest request = example();
  request.kind = ReportKind::delayed;
  request.retry_until = WallTime(std::chrono::seconds(1'795'632'000));
  request.recipients[0].remote = "";
  request.recipients[0].reply = "192.0.2.1:25: Connection refused";
  const Report report = compose(request);
  CHECK(has(report, "Action: delayed\r\n"));
  CHECK(has(report, "Will-Retry-Until: Wed, 25 Nov 2026 18:40:00 +0000\r\n"));
  CHECK(has(report, "It is tried until Wed, 25 Nov 2026 18:40:00 +0000.\r\n"));
  CHECK(has(report, "Diagnostic-Code: x-postrider; 192.0.2.1:25: Connection refused\r\n"));
  CHECK_FALSE(has(report, "Remote-MTA"));
}

TEST_CASE("message report: what is given up has a status of its own", "[message]") {
  const auto [given_up, status, attempted] = GENERATE(table<GivenUp, std::string, bool>({
      {GivenUp::no, "5.1.1", true},
      {GivenUp::expired, "5.4.7", true},
      {GivenUp::by_operator, "5.0.0", false},
  }));
  auto request = example();
  request.recipients[0].given_up = given_up;
  const Report report = compose(request);
  CHECK(has(report, "Status: " + status + "\r\n"));
  CHECK(has(report, "Last-Attempt-Date: ") == attempted);
}

TEST_CASE("message report: a server without a name is told of by its address", "[message]") {
  ReportRequest request = example();
  request.recipients[0].remote = "[192.0.2.1]";
  CHECK(has(compose(request), "Remote-MTA: dns; [192.0.2.1]\r\n"));
}

TEST_CASE("message report: of a mail store at a socket the path is not told", "[message]") {
  ReportRequest request = example();
  request.recipients[0].remote = "unix:/run/a b/lmtp";
  CHECK(has(compose(request), "Remote-MTA: x-local; mail store\r\n"));
  CHECK(has(compose(request), "The mail store said"));
  CHECK_FALSE(has(compose(request), "/run"));
}

TEST_CASE("message report: the names of servers that senders are told", "[message]") {
  for (const char* server : {"mx.a.test[192.0.2.1]", "mx:a.test", "smtp:a.test:25", "", "unix"})
    CHECK(name_for_senders(server) == server);
  for (const char* socket : {"unix:/run/lmtp", "lmtp:unix:/run/lmtp"})
    CHECK(name_for_senders(socket) == "mail store");
}

TEST_CASE("message report: it stands in the thread of the message that it is about", "[message]") {
  struct Case {
    std::string header, threaded;
  };
  const auto c = GENERATE(values<Case>({
      {"Message-ID: <b@x>\r\n", "In-Reply-To: <b@x>\r\nReferences: <b@x>\r\n"},
      {"References: <0@x>\r\n\t<a@x>\r\nMessage-ID: <b@x>\r\n",
       "In-Reply-To: <b@x>\r\nReferences: <0@x>\r\n <a@x>\r\n <b@x>\r\n"},
      {"References: <0@x> junk <a@x>\r\nMessage-ID: <b@x>\r\n",
       "In-Reply-To: <b@x>\r\nReferences: <a@x>\r\n <b@x>\r\n"},
      {"References: <a@x>\r\n", ""},
      {"Message-ID: <a@x><b@x>\r\n", ""},
      {"Message-ID: b@x\r\n", ""},
  }));
  ReportRequest request = example();
  const std::string original = c.header + "\r\n";
  request.original = original;
  const std::string content = compose(request).content;
  const std::size_t begin = content.find("r@mx.test>\r\n") + 12;
  CHECK(content.substr(begin, content.find("Auto-Submitted") - begin) == c.threaded);
}

TEST_CASE("message report: of a long thread the nearest messages are named", "[message]") {
  std::string references;
  for (int i = 0; i < 100; ++i) references += " <" + std::to_string(i) + "@x>";
  ReportRequest request = example();
  const std::string original = "References:" + references + "\r\nMessage-ID: <b@x>\r\n\r\n";
  request.original = original;
  const Report report = compose(request);
  CHECK(has(report, "References: <80@x>\r\n"));
  CHECK(has(report, " <99@x>\r\n <b@x>\r\nAuto-Submitted"));
}

TEST_CASE("message report: each kind has its action", "[message]") {
  const auto [kind, action] = GENERATE(table<ReportKind, std::string>({
      {ReportKind::failed, "failed"},
      {ReportKind::delayed, "delayed"},
      {ReportKind::delivered, "delivered"},
      {ReportKind::relayed, "relayed"},
      {ReportKind::expanded, "expanded"},
  }));
  ReportRequest request = example();
  request.kind = kind;
  CHECK(has(compose(request), "\r\nAction: " + action + "\r\n"));
}

TEST_CASE("message report: RFC 3461 parameters come back, decoded", "[message]") {
  ReportRequest request = example();
  request.envid = "q+1";
  request.recipients[0].orcpt = "rfc822;bob+2Bx@z.test";
  const Report report = compose(request);
  CHECK(has(report, "Original-Envelope-Id: q+1\r\n"));
  CHECK(has(report, "Original-Recipient: rfc822; bob+x@z.test\r\n"));
}

TEST_CASE("message report: that a message was held at its sender's wish is told", "[message]") {
  ReportRequest request = example();
  CHECK_FALSE(has(compose(request), "Future-Release-Request"));
  request.release_request = "for;3600";
  CHECK(has(compose(request), "Future-Release-Request: for;3600\r\n"));
}

TEST_CASE("message report: the whole message comes back where it was asked for and is small",
          "[message]") {
  ReportRequest request = example();
  request.return_content = true;
  CHECK(has(compose(request),
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" +
                std::string(kOriginal)));
  request.original_size = kMaxReturned + 1;
  CHECK(has(compose(request), "text/rfc822-headers"));
  CHECK_FALSE(has(compose(request), "The body."));
}

TEST_CASE("message report: what is returned is bounded and ends a line", "[message]") {
  std::string original;
  while (original.size() < 2 * kMaxReturned)
    original += "X-Field: 0123456789012345678901234567\r\n";
  ReportRequest request = example();
  request.original = original;
  request.original_size = original.size();
  const Report report = compose(request);
  CHECK(report.content.size() < kMaxReturned + 4096);
  CHECK(has(report, "4567\r\n\r\n--0000000000000000000r.0/report--\r\n"));
}

TEST_CASE("message report: words from outside cannot make a line of their own", "[message]") {
  ReportRequest request = example();
  request.recipients[0].reply = "550 a\r\nAction: delivered\r\n\r\n--x\x01\x7f\xff";
  request.recipients[0].remote = "mx\r\nStatus: 2.0.0[192.0.2.1]";
  request.recipients[0].orcpt = "rfc822;a+0D+0AAction:+20delivered";
  request.envid = "a\r\nAction: delivered";
  const std::string original = "Message-ID: <a b>\r\n <c\r\n\r\n";
  request.original = original;
  const Report report = compose(request);
  CHECK_FALSE(has(report, "\r\nAction: delivered"));
  CHECK_FALSE(has(report, "\r\nStatus: 2.0.0"));
  CHECK_FALSE(has(report, "In-Reply-To"));
  CHECK(has(report, "--x  ?\r\n"));
  CHECK_FALSE(report.eight_bit);
}

TEST_CASE("message report: the boundary is in none of the parts", "[message]") {
  ReportRequest request = example();
  const std::string original =
      "Subject: x\r\n\r\n--0000000000000000000r.0/report--\r\n--0000000000000000000r.1/report\r\n";
  request.original = original;
  request.original_size = original.size();
  request.return_content = true;
  CHECK(has(compose(request), "boundary=\"0000000000000000000r.2/report\""));
}

TEST_CASE("message report: octets beyond ASCII are labelled", "[message]") {
  ReportRequest request = example();
  const std::string original = "Subject: gr\xc3\xbc\xc3\x9f\r\n\r\n";
  request.original = original;
  const Report report = compose(request);
  CHECK(report.eight_bit);
  CHECK_FALSE(report.smtputf8);
  CHECK(has(report, "text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n"));
  CHECK(has(report, "message/delivery-status\r\nContent-Transfer-Encoding: 7bit\r\n"));
}

TEST_CASE("message report: an internationalized original comes back as one", "[message]") {
  ReportRequest request = example();
  request.smtputf8 = true;
  CHECK(has(compose(request), "Content-Type: message/global-headers\r\n"));
  request.return_content = true;
  CHECK(has(compose(request), "Content-Type: message/global\r\n"));
}

TEST_CASE("message report: an original recipient beyond ASCII stays as programs read it",
          "[message]") {
  ReportRequest request = example();
  request.recipients[0].orcpt = "utf-8;\\x{674E}\\x{2B}a@y.test";
  CHECK(has(compose(request), "Original-Recipient: utf-8; \\x{674E}\\x{2B}a@y.test\r\n"));
}

TEST_CASE("message report: to a sender beyond ASCII it is internationalized throughout",
          "[message]") {
  ReportRequest request = example();
  request.sender = "j\xc3\xb6rg@x.test";
  request.recipients[0].address = "\xe6\x9d\x8e@y.test";
  const Report report = compose(request);
  CHECK(has(report, "message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n"));
  CHECK(has(report, "Final-Recipient: utf-8; \xe6\x9d\x8e@y.test\r\n"));
  CHECK(has(report, "  <\xe6\x9d\x8e@y.test>\r\n"));
  CHECK(report.eight_bit);
  CHECK(report.smtputf8);
}

TEST_CASE("message report: where the way back may be ASCII alone, addresses are encoded",
          "[message]") {
  ReportRequest request = example();
  request.recipients[0].address = "\xe6\x9d\x8e@y.test";
  const Report report = compose(request);
  CHECK(has(report, "message/delivery-status\r\nContent-Transfer-Encoding: 7bit\r\n"));
  CHECK(has(report, "Final-Recipient: utf-8; \\x{674E}@y.test\r\n"));
  CHECK_FALSE(report.smtputf8);
}

TEST_CASE("message reported text: what is no UTF-8 becomes '?', what is long is cut", "[message]") {
  struct Case {
    std::string text, expected;
  };
  const auto c = GENERATE(values<Case>({
      {"plain", "plain"},
      {"a\tb\r\nc\x7f", "a b  c "},
      {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
      {"\xc3", "?"},
      {"\xc0\xaf", "??"},
      {"\xe0\x80\xaf", "???"},
      {"\xed\xa0\x80", "???"},
      {"\xf4\x90\x80\x80", "????"},
      {"\xf0\x9f\x93\xac", "\xf0\x9f\x93\xac"},
      {"\xc2\x85", " "},
      {std::string(kMaxReportedValue, 'x'), std::string(kMaxReportedValue, 'x')},
      {std::string(kMaxReportedValue + 1, 'x'), std::string(kMaxReportedValue, 'x') + "..."},
  }));
  CHECK(reported(c.text) == c.expected);
}

TEST_CASE("message reported text: long lines are folded at spaces", "[message]") {
  std::string words = "Diagnostic-Code: smtp;";
  for (int i = 0; i < 30; ++i) words += " 123456789";
  const std::string folded = fold(words, " ");
  std::string unfolded;
  for (std::size_t at = 0; at < folded.size();) {
    const std::size_t end = folded.find("\r\n", at);
    CHECK(end - at <= 78);
    unfolded += folded.substr(at, end - at);
    at = end + 2;
  }
  CHECK(unfolded == words);
  CHECK(fold("short", " ") == "short\r\n");
  CHECK(fold(std::string(100, 'x'), " ") == std::string(100, 'x') + "\r\n");
}

TEST_CASE("message reported text: no line is of blanks alone", "[message]") {
  const std::string blanks(300, ' ');
  const auto line = GENERATE_COPY(values<std::string>({
      "Diagnostic-Code: smtp;" + blanks + "550 no",
      "Diagnostic-Code: smtp; 550" + blanks,
      std::string(77, 'x') + "  ",
      "    " + blanks + "550 no",
      std::string(90, 'x') + blanks + std::string(90, 'y') + blanks,
  }));
  const std::string folded = fold(line, " ");
  CAPTURE(folded);
  for (std::size_t begin = 0; begin < folded.size();) {
    const std::size_t end = folded.find("\r\n", begin);
    REQUIRE(end != std::string::npos);
    CHECK(folded.find_first_not_of(' ', begin) < end);
    begin = end + 2;
  }
}

}  // namespace message_report_test
