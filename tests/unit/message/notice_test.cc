#include "common/message/notice.h"

#include <catch2/catch.hpp>

#include "common/message/explanation.h"

namespace message_notice_test {

using namespace postrider;
using namespace postrider::message;

namespace {

ReportRequest about(std::vector<ReportedRecipient> recipients) {
  ReportRequest request;
  request.hostname = "mx.test";
  request.now = WallTime(std::chrono::seconds(1'795'293'498));
  request.arrival = WallTime(std::chrono::seconds(1'795'200'000));
  request.sender = "ann@x.test";
  request.recipients = std::move(recipients);
  return request;
}

ReportedRecipient refused(const std::string& address, const std::string& status,
                          const std::string& reply) {
  return {.address = address,
          .status = status,
          .reply = reply,
          .remote = "mx.y.test[192.0.2.1]",
          .command = "RCPT TO:<" + address + ">"};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// Wherever lines are broken.
std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text)
    if (c != '\r' && (c != ' ' && c != '\n')) {
      line += c;
    } else if (!line.ends_with(' ')) {
      line += ' ';
    }
  return line;
}

bool has(const std::string& text, const std::string& part) { return count(text, part) > 0; }

}  // namespace

TEST_CASE("message notice: recipients of one cause stand together, and same words once",
          "[message]") {
  const std::string text = notice(about({refused("a@y.test", "5.1.1", "550 5.1.1 unknown user"),
                                         refused("b@y.test", "5.2.2", "552 5.2.2 over quota"),
                                         refused("c@y.test", "5.1.1", "550 5.1.1 unknown user"),
                                         refused("d@y.test", "5.1.1", "550 5.1.1 who is d?")}));
  CHECK(has(text, "  <a@y.test>\r\n  <c@y.test>\r\n  <d@y.test>\r\n\r\n  There is no such"));
  CHECK(has(text, "  <b@y.test>\r\n\r\n  The mailbox is full."));
  CHECK(count(text, "There is no such mailbox.") == 1);
  CHECK(count(text, "550 5.1.1 unknown user") == 1);
  CHECK(has(text, "said to RCPT TO:<d@y.test>:\r\n    550 5.1.1 who is d?\r\n"));
}

TEST_CASE("message notice: the words of two servers are both told", "[message]") {
  auto other = refused("b@y.test", "5.1.1", "550 5.1.1 no");
  other.remote = "mx2.y.test[192.0.2.2]";
  const std::string text = notice(about({refused("a@y.test", "5.1.1", "550 5.1.1 no"), other}));
  CHECK(has(text, "The server mx.y.test[192.0.2.1] said"));
  CHECK(has(text, "The server mx2.y.test[192.0.2.2] said"));
}

TEST_CASE("message notice: an address that leads elsewhere is told as it was given", "[message]") {
  auto recipient = refused("b@far.test", "5.1.1", "550 5.1.1 no");
  recipient.original = "team@x.test";
  CHECK(has(notice(about({recipient})), "  <team@x.test>, which leads to <b@far.test>\r\n"));
  recipient.original = "b@far.test";
  CHECK(has(notice(about({recipient})), "  <b@far.test>\r\n"));
}

TEST_CASE("message notice: what ran out of time says how long it was tried, and why in vain",
          "[message]") {
  const std::string text = notice(about({{.address = "a@y.test",
                                          .status = "4.4.1",
                                          .reply = "192.0.2.1: Connection refused",
                                          .given_up = GivenUp::expired}}));
  CHECK(has(text, "It was tried from Fri, 20 Nov 2026 18:40:00 +0000"));
  CHECK(has(on_one_line(text), "The last time: The server for the address could not be reached."));
  CHECK(has(text, "  The reason:\r\n    192.0.2.1: Connection refused\r\n"));
}

TEST_CASE("message notice: what ran out of time is sorted by what the last attempt showed",
          "[message]") {
  auto full = refused("a@y.test", "4.2.2", "452 4.2.2 no");
  auto away = refused("b@y.test", "4.4.1", "no connection");
  full.given_up = away.given_up = GivenUp::expired;
  const std::string text = on_one_line(notice(about({full, away})));
  CHECK(has(text, "The last time: The mailbox is full."));
  CHECK(has(text, "The last time: The server for the address could not be reached."));
}

TEST_CASE("message notice: what an operator gave up says so, and what the last attempt showed",
          "[message]") {
  auto tried = refused("a@y.test", "4.2.2", "expired by the operator; the last attempt: 452 no");
  tried.given_up = GivenUp::by_operator;
  ReportedRecipient never{
      .address = "b@y.test", .reply = "expired by the operator", .given_up = GivenUp::by_operator};
  const std::string last = on_one_line(notice(about({tried})));
  CHECK(has(last, "It was given up by the operator of this server. The last time: The mailbox is"));
  CHECK_FALSE(has(last, "It was tried from"));
  const std::string none = on_one_line(notice(about({never})));
  CHECK(has(none, "It was given up by the operator of this server. The reason: expired"));
  CHECK_FALSE(has(none, "The last time"));
}

TEST_CASE("message notice: what is still being tried needs no advice", "[message]") {
  auto request = about({refused("a@y.test", "4.2.2", "452 4.2.2 over quota")});
  request.kind = ReportKind::delayed;
  request.retry_until = request.now;
  const std::string text = notice(request);
  CHECK(has(on_one_line(text), "You need not send it again: it is still being tried."));
  CHECK(has(text, "The mailbox is full."));
  CHECK_FALSE(has(text, "by other means"));
  CHECK(has(text, "\r\nIt is tried until Sat, 21 Nov 2026 20:38:18 +0000.\r\n"));
}

TEST_CASE("message notice: a success is not explained", "[message]") {
  auto request = about({refused("a@y.test", "2.0.0", "250 2.0.0 queued, over quota soon"),
                        refused("b@y.test", "2.0.0", "")});
  const auto kind = GENERATE(ReportKind::delivered, ReportKind::relayed, ReportKind::expanded);
  request.kind = kind;
  const std::string text = notice(request);
  CHECK(has(text, "  <a@y.test>\r\n  <b@y.test>\r\n\r\n  The server"));
  CHECK_FALSE(has(text, "mailbox"));
  CHECK_FALSE(has(text, "no reason"));
}

TEST_CASE("message notice: who can help is named", "[message]") {
  struct Case {
    std::vector<ReportedRecipient> recipients;
    bool theirs;
  };
  auto own = refused("a@y.test", "5.1.1", "no such user: a@y.test");
  own.remote = "";
  const auto c = GENERATE_COPY(values<Case>({
      {{refused("a@y.test", "5.1.1", "550 5.1.1 no")}, true},
      {{refused("a@y.test", "5.1.1", "550 5.1.1 no"), refused("b@y.test", "5.2.2", "550 no")},
       true},
      {{refused("a@y.test", "5.1.1", "550 5.1.1 no"), refused("b@z.test", "5.1.1", "550 no")},
       false},
      {{refused("a@y.test", "5.7.25", "550 5.7.25 no reverse DNS")}, false},
      {{own}, false},
  }));
  const std::string text = notice(about(c.recipients));
  CHECK(has(text, "<postmaster@y.test>") == c.theirs);
  CHECK(has(text, "<postmaster@mx.test>"));
}

TEST_CASE("message notice: every cause has an explanation of its own", "[message]") {
  const std::string_view unknown = explanation_of(Cause::unknown).why;
  for (int i = 1; i <= static_cast<int>(Cause::loop); ++i) {
    CAPTURE(i);
    CHECK(explanation_of(static_cast<Cause>(i)).why != unknown);
  }
}

TEST_CASE("message notice: words from outside cannot make a line of their own", "[message]") {
  auto recipient = refused("a@y.test\r\n\r\nx", "5.1.1", "550 a\r\n\r\nYour account was closed");
  recipient.command = "RCPT TO:<\r\n\r\nclosed>";
  recipient.original = "b\r\n\r\n@x.test";
  CHECK_FALSE(has(notice(about({recipient})), "\n\r\nYour account"));
  CHECK_FALSE(has(notice(about({recipient})), "\n\r\nclosed"));
}

}  // namespace message_notice_test
