#include "common/smtp/client_transaction.h"

#include <catch2/catch.hpp>

namespace smtp_client_transaction_test {

using namespace postrider::smtp;
using postrider::TlsLevel;

namespace {

ClientTransaction example() {
  ClientTransaction transaction;
  transaction.sender = "a@x.test";
  transaction.recipients = {{"b@y.test", "FAILURE,DELAY", "rfc822;B+2B@y.test"}};
  transaction.size = 1234;
  transaction.eight_bit = true;
  transaction.smtputf8 = true;
  transaction.envid = "q+1 =";
  transaction.ret = "HDRS";
  return transaction;
}

}  // namespace

TEST_CASE("smtp client transaction: commands carry the parameters that are offered", "[smtp]") {
  const Extensions all{.eight_bit_mime = true, .dsn = true, .smtputf8 = true, .size = true};
  const ClientTransaction t = example();
  CHECK(mail_command(t, {}) == "MAIL FROM:<a@x.test>\r\n");
  CHECK(mail_command(t, all) ==
        "MAIL FROM:<a@x.test> SIZE=1234 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=q+2B1+20+3D\r\n");
  ClientTransaction urgent = example();
  urgent.priority = -3;
  CHECK(mail_command(urgent, all).find("MT-PRIORITY") == std::string::npos);
  CHECK(mail_command(urgent, {.mt_priority = true}) == "MAIL FROM:<a@x.test> MT-PRIORITY=-3\r\n");
  CHECK(mail_command(t, {.mt_priority = true}) == "MAIL FROM:<a@x.test>\r\n");
  ClientTransaction ascii = example();
  ascii.smtputf8 = false;
  CHECK(mail_command(ascii, all).find("SMTPUTF8") == std::string::npos);
  ascii.recipients[0].address = "\xe6\x9d\x8e@y.test";
  CHECK(mail_command(ascii, all).find(" SMTPUTF8 ") != std::string::npos);
  CHECK(mail_command({}, all) == "MAIL FROM:<> SIZE=0\r\n");
  CHECK(rcpt_command(t.recipients[0], {}) == "RCPT TO:<b@y.test>\r\n");
  CHECK(rcpt_command(t.recipients[0], all) ==
        "RCPT TO:<b@y.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;B+2B@y.test\r\n");
}

TEST_CASE("smtp client transaction: obstacles are found before the server is asked", "[smtp]") {
  Extensions offered;
  ClientTransaction t = example();
  CHECK(obstacle(t, offered)->reply.status == "5.6.7");
  offered.smtputf8 = true;
  CHECK_FALSE(obstacle(t, offered));
  offered.size_limit = 1234;
  CHECK_FALSE(obstacle(t, offered));
  offered.size_limit = 1233;
  CHECK(obstacle(t, offered)->reply.status == "5.3.4");
  t.smtputf8 = false;
  t.sender = "j\xc3\xb6rg@x.test";
  CHECK_FALSE(obstacle(t, {.smtputf8 = true}));
  CHECK(obstacle(t, {})->reply.status == "5.6.7");
  t.sender = "a\r\nRCPT TO:<c@z.test>";
  CHECK(obstacle(t, offered)->reply.status == "5.1.7");
}

TEST_CASE(
    "smtp client transaction: what requires TLS goes to verified servers that offer REQUIRETLS, "
    "unless it is a report",
    "[smtp]") {
  const auto [sender, level, offered, status] =
      GENERATE(table<const char*, TlsLevel, bool, std::string>({
          {"a@x.test", TlsLevel::verify, true, ""},
          {"a@x.test", TlsLevel::verify, false, "5.7.30"},
          {"a@x.test", TlsLevel::encrypt, true, "5.7.10"},
          {"a@x.test", TlsLevel::none, true, "5.7.10"},
          {"", TlsLevel::none, false, ""},
          {"", TlsLevel::encrypt, false, ""},
      }));
  CAPTURE(sender, offered, status);
  ClientTransaction t;
  t.sender = sender;
  const Extensions extensions{.requiretls = offered};
  CHECK_FALSE(tls_obstacle(t, extensions, level));
  CHECK(mail_command(t, extensions).find("REQUIRETLS") == std::string::npos);
  t.tls_required = true;
  const auto why = tls_obstacle(t, extensions, level);
  REQUIRE(why.has_value() != status.empty());
  CHECK((mail_command(t, extensions).find(" REQUIRETLS") != std::string::npos) == offered);
  if (status.empty()) return;
  CHECK(why->outcome == Outcome::untried);
  CHECK(why->reply.status == status);
  CHECK(is_final(why->reply));
}

TEST_CASE("smtp client transaction: 5yz is final, and a reason of ours of class 5", "[smtp]") {
  CHECK(is_final({550, "", ""}));
  CHECK(is_final({0, "5.7.30", ""}));
  CHECK_FALSE(is_final({0, "4.4.2", ""}));
  CHECK_FALSE(is_final({0, "", ""}));
  CHECK_FALSE(is_final({450, "5.1.1", ""}));
  CHECK_FALSE(is_final({250, "", ""}));
}

TEST_CASE("smtp client transaction: what is not known to be final is temporary", "[smtp]") {
  CHECK(outcome_of({250, "", ""}) == Outcome::delivered);
  CHECK(outcome_of({251, "", ""}) == Outcome::delivered);
  CHECK(outcome_of({354, "", ""}) == Outcome::deferred);
  CHECK(outcome_of({450, "", ""}) == Outcome::deferred);
  CHECK(outcome_of({550, "", ""}) == Outcome::failed);
  CHECK(outcome_of({0, "4.4.2", ""}) == Outcome::deferred);
}

TEST_CASE("smtp client transaction: the status has the class of the outcome", "[smtp]") {
  CHECK(status_of({Outcome::delivered, {250, "2.6.0", ""}}) == "2.6.0");
  CHECK(status_of({Outcome::delivered, {250, "", ""}}) == "2.0.0");
  CHECK(status_of({Outcome::failed, {550, "5.1.1", ""}}) == "5.1.1");
  CHECK(status_of({Outcome::failed, {550, "", ""}}) == "5.0.0");
  CHECK(status_of({Outcome::deferred, {552, "5.2.2", ""}}) == "4.2.2");
  CHECK(status_of({Outcome::untried, {554, "5.7.1", ""}}) == "4.7.1");
}

TEST_CASE("smtp client transaction: a recipient that cannot be named is found as well", "[smtp]") {
  CHECK_FALSE(obstacle(ClientRecipient{"b@y.test", "", ""}, Extensions{}));
  CHECK(obstacle(ClientRecipient{"\xe6\x9d\x8e@y.test", "", ""}, Extensions{})->reply.status ==
        "5.6.7");
  CHECK_FALSE(obstacle(ClientRecipient{"\xe6\x9d\x8e@y.test", "", ""}, {.smtputf8 = true}));
  CHECK(obstacle(ClientRecipient{"b\r\n@y.test", "", ""}, Extensions{})->reply.status == "5.1.3");
  CHECK(obstacle(ClientRecipient{"b@y.test", "NEVER\n", ""}, Extensions{})->reply.status ==
        "5.1.3");
  CHECK(obstacle(ClientRecipient{"b@y.test", "", "rfc822;a\r"}, Extensions{})->reply.status ==
        "5.1.3");
}

}  // namespace smtp_client_transaction_test
