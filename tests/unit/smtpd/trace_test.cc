#include "smtpd/trace.h"

#include <catch2/catch.hpp>

namespace smtpd_trace_test {

using namespace postrider;
using namespace postrider::smtpd;

namespace {

checks::Client client_at(std::string_view address, std::string name = {}) {
  return {.address = *net::IpAddress::parse(address), .name = std::move(name)};
}

// Of a client that calls itself a.test.
std::string received_from(const checks::Client& client, bool hidden = false) {
  return received_field({"a.test", client, hidden, "mx.test", "SMTP",
                         *MessageId::parse("00000000000000000abc"), WallTime{}},
                        {});
}

std::string received(std::string_view client_name, std::string_view address,
                     std::vector<smtp::Mailbox> recipients) {
  smtp::Transaction transaction;
  for (smtp::Mailbox& recipient : recipients)
    transaction.recipients.push_back({std::move(recipient), "", ""});
  return received_field({client_name, client_at(address), false, "mx.test", "SMTP",
                         *MessageId::parse("00000000000000000abc"), WallTime{}},
                        transaction);
}

}  // namespace

TEST_CASE("smtpd trace: the Received field names client, host, protocol, id and time", "[smtpd]") {
  CHECK(received("a.test", "192.0.2.1", {{"a", "b"}}) ==
        "Received: from a.test ([192.0.2.1])\r\n\tby mx.test with SMTP id 00000000000000000abc\r\n"
        "\tfor <a@b>;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n");
  CHECK(received("[IPv6:2001:db8::1]", "2001:db8::2", {})
            .starts_with("Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::2])\r\n"));
}

TEST_CASE("smtpd trace: the name of the client's host stands beside its address, if it is known",
          "[smtpd]") {
  const auto [address, name, from] = GENERATE(table<const char*, const char*, std::string>({
      {"192.0.2.1", "host.test", "a.test (host.test [192.0.2.1])"},
      {"0.0.0.0", "", "a.test (unknown)"},
      {"0.0.0.0", "host.test", "a.test (host.test unknown)"},
  }));
  CHECK(received_from(client_at(address, name)).starts_with("Received: from " + from + "\r\n"));
}

TEST_CASE("smtpd trace: a program of this host is named by its user, and nobody who is hidden",
          "[smtpd]") {
  constexpr const char* kRest =
      " with SMTP id 00000000000000000abc;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n";
  checks::Client program;
  program.uid = 1000;
  CHECK(received_from(program) == std::string("Received: by mx.test (from uid 1000)") + kRest);
  CHECK(received_from(program, true) == std::string("Received: by mx.test") + kRest);
  CHECK(received_from(client_at("192.0.2.1", "host.test"), true) ==
        std::string("Received: by mx.test") + kRest);
}

TEST_CASE("smtpd trace: what came under TLS says so, with its cipher", "[smtpd]") {
  const net::TlsInfo tls{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
  smtp::Transaction transaction;
  transaction.recipients = {{"a", "b"}};
  CHECK(
      received_field({"a.test", client_at("192.0.2.1"), false, "mx.test", "ESMTPS",
                      *MessageId::parse("00000000000000000abc"), WallTime{}, &tls},
                     transaction) ==
      "Received: from a.test ([192.0.2.1])\r\n\tby mx.test with ESMTPS id 00000000000000000abc\r\n"
      "\tfor <a@b>\r\n\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3);\r\n"
      "\tThu, 1 Jan 1970 00:00:00 +0000\r\n");
}

TEST_CASE("smtpd trace: several recipients are not told of each other", "[smtpd]") {
  CHECK(received("a", "192.0.2.1", {{"a", "b"}, {"c", "d"}}).find("for <") == std::string::npos);
}

TEST_CASE("smtpd trace: a recipient beyond ASCII does not make SMTPUTF8 of a message", "[smtpd]") {
  CHECK(received("a", "192.0.2.1", {{"j\u00f6rg", "b"}}).find("for <") == std::string::npos);
}

TEST_CASE("smtpd trace: a client's name that is no domain does not get into the header",
          "[smtpd]") {
  const auto* const name = GENERATE("a_b", "x)evil(", "a;b", "\"", "<a>", "192.0.2.1:25", "");
  CHECK(
      received(name, "192.0.2.1", {}).starts_with("Received: from [192.0.2.1] ([192.0.2.1])\r\n"));
}

}  // namespace smtpd_trace_test
