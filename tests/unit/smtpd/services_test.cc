#include "smtpd/services.h"

#include <catch2/catch.hpp>

#include "common/config/load.h"
#include "smtpd/offer.h"
#include "tests/unit/smtp/conversation.h"

namespace smtpd_services_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::SmtpMode;
using smtp::testing::Conversation;

namespace {

// A listener with that mask, as whoever may do anything meets it from the loopback.
smtp::ServerSettings session_of(SmtpMode mode, const std::vector<std::string>& mask) {
  config::Settings settings = config::defaults();
  settings.hostname = "mx.test";
  settings.tls.certificate = "mx.pem";
  settings.smtpd.recipient_limit = 1;
  smtp::ServerSettings session = make_listener(settings, {.mode = mode, .mask = mask}).session;
  const checks::Client client{
      .address = *net::IpAddress::parse("127.0.0.1"), .may_relay = true, .may_xclient = true};
  session.offered = offered_to(client, session, {});
  return session;
}

constexpr std::string_view kEhlo = "EHLO a.test\r\n";

// The reply to the last of `commands`, each of which waits for the reply to the one before.
std::string reply_to(Conversation& conversation, const std::vector<std::string>& commands) {
  std::string reply;
  for (const std::string& command : commands) reply = conversation.say(command + "\r\n");
  return reply;
}

bool names(std::string_view ehlo_reply, const std::string& keyword) {
  return ehlo_reply.find("-" + keyword) != std::string_view::npos ||
         ehlo_reply.find(" " + keyword) != std::string_view::npos;
}

}  // namespace

TEST_CASE("smtpd services: a keyword that a listener masks is neither offered nor honoured",
          "[smtpd]") {
  using enum SmtpMode;
  struct Row {
    std::string mask;
    std::string keyword;  // that is not offered then
    SmtpMode mode;
    std::vector<std::string> commands;
    std::string honoured, refused;  // how the reply to the last begins
  };
  const std::string transaction = "MAIL FROM:<a@a.test>";
  const auto row = GENERATE_COPY(values<Row>({
      {"SIZE", "SIZE", mx, {transaction + " SIZE=1"}, "250", "555"},
      {"8BITMIME", "8BITMIME", mx, {transaction + " BODY=8BITMIME"}, "250", "555"},
      {"8BITMIME", "SMTPUTF8", mx, {transaction + " SMTPUTF8"}, "250", "555"},
      {"8BITMIME", "BINARYMIME", mx, {transaction + " BODY=BINARYMIME"}, "250", "555"},
      {"ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", mx, {"NOOP"}, "250 2.0.0 ", "250 ok"},
      {"CHUNKING",
       "CHUNKING",
       mx,
       {transaction, "RCPT TO:<b@b.test>", "BDAT 0 LAST"},
       "250",
       "502"},
      {"CHUNKING", "BINARYMIME", mx, {transaction + " BODY=BINARYMIME"}, "250", "501"},
      {"BINARYMIME", "BINARYMIME", mx, {transaction + " BODY=BINARYMIME"}, "250", "501"},
      {"DSN", "DSN", mx, {transaction + " RET=FULL"}, "250", "555"},
      {"DSN", "DSN", mx, {transaction, "RCPT TO:<b@b.test> NOTIFY=NEVER"}, "250", "555"},
      {"SMTPUTF8", "SMTPUTF8", mx, {transaction + " SMTPUTF8"}, "250", "555"},
      {"MT-PRIORITY", "MT-PRIORITY", mx, {transaction + " MT-PRIORITY=1"}, "250", "555"},
      {"FUTURERELEASE", "FUTURERELEASE", local, {transaction + " HOLDFOR=1"}, "250", "555"},
      {"STARTTLS", "STARTTLS", mx, {"STARTTLS"}, "220", "502"},
      {"STARTTLS", "STARTTLS", submission, {"STARTTLS"}, "220", "502"},
      {"REQUIRETLS",
       "REQUIRETLS",
       submissions,
       {"AUTH PLAIN AHRlc3QAMTIzNA==", transaction + " REQUIRETLS"},
       "250",
       "555"},
      {"XCLIENT", "XCLIENT", mx, {"XCLIENT NAME=b.test"}, "220", "550"},
      {"AUTH", "AUTH", submissions, {"AUTH PLAIN AHRlc3QAMTIzNA=="}, "235", "502"},
      // The limit holds, told or not.
      {"LIMITS",
       "LIMITS",
       mx,
       {transaction, "RCPT TO:<b@b.test>", "RCPT TO:<c@b.test>"},
       "452",
       "452"},
  }));
  CAPTURE(row.mask, row.keyword, row.commands);
  Conversation plain(session_of(row.mode, {}));
  CHECK(names(plain.say(kEhlo), row.keyword));
  CHECK_THAT(reply_to(plain, row.commands), Catch::StartsWith(row.honoured));
  Conversation masked(session_of(row.mode, {row.mask}));
  CHECK_FALSE(names(masked.say(kEhlo), row.keyword));
  CHECK_THAT(reply_to(masked, row.commands), Catch::StartsWith(row.refused));
}

TEST_CASE("smtpd services: who pipelines where PIPELINING is masked could not wait", "[smtpd]") {
  const bool masked = GENERATE(false, true);
  Conversation conversation(session_of(
      SmtpMode::mx, masked ? std::vector<std::string>{"PIPELINING"} : std::vector<std::string>{}));
  CHECK(names(conversation.say(kEhlo), "PIPELINING") != masked);
  conversation.say("RSET\r\nRSET\r\n");
  CHECK(conversation.session.impatient() == masked);
}

TEST_CASE("smtpd services: TLS begins as the mode says, where there is a certificate", "[smtpd]") {
  using smtp::Tls;
  const auto [mode, certificate, tls] = GENERATE(table<SmtpMode, const char*, Tls>({
      {SmtpMode::mx, "mx.pem", Tls::starttls},
      {SmtpMode::mx, "", Tls::none},
      {SmtpMode::submission, "mx.pem", Tls::starttls},
      {SmtpMode::submissions, "mx.pem", Tls::implicit},
      {SmtpMode::lmtp, "mx.pem", Tls::starttls},
      {SmtpMode::local, "mx.pem", Tls::none},
  }));
  config::Settings settings = config::defaults();
  settings.tls.certificate = certificate;
  CHECK(make_listener(settings, {.mode = mode}).session.tls == tls);
}

}  // namespace smtpd_services_test
