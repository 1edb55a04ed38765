// Attacks that worked elsewhere, played against a session: SMTP smuggling, and inputs from public
// advisories. Each has a row that says what ours answers.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/fixtures.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_attacks_peers_test {

using namespace postrider::smtp;
using testing::codes;
using testing::Conversation;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO t.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@local.example>\r\nDATA\r\n";
constexpr std::string_view kSecond =
    "MAIL FROM:<evil@b.example>\r\nRCPT TO:<u@local.example>\r\nDATA\r\nsmuggled\r\n";

// A JSON text of octets: each character below 256 is one.
std::string octets(const std::string& utf8) {
  std::string text;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      text.push_back(utf8[i]);
      continue;
    }
    REQUIRE(lead <= 0xc3);
    text.push_back(
        static_cast<char>(((lead & 3U) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3fU)));
  }
  return text;
}

}  // namespace

TEST_CASE("smtp server session: nothing but CRLF.CRLF ends a message, so nothing is smuggled",
          "[smtp][peers]") {
  const auto json = testing::read_fixture("protocol/smtp-smuggling/cases.json");
  if (!json) return;
  const auto cases = nlohmann::json::parse(*json);
  std::set<std::string> variants;
  for (const auto& [name, variant] : cases.at("hannob_end_of_data_variants").items())
    if (name != "pipelining") variants.insert(octets(variant));
  for (const auto* const list : {"the_login_inbound_eod", "the_login_outbound_eod", "mox_must_5xx"})
    for (const auto& variant : cases.at(list)) variants.insert(octets(variant));
  CHECK(variants.size() >= 12);

  for (const std::string& variant : variants) {
    CAPTURE(variant);
    const std::string wire = std::string(kEnvelope) + "Subject: x\r\n\r\nbody" + variant +
                             std::string(kSecond) + "\r\n.\r\nQUIT\r\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, wire.size()}) {
      Conversation c;
      unsigned senders = 0;
      c.on_sender = [&](const Mailbox&) {
        ++senders;
        return Reply{250, "2.1.0", "ok"};
      };
      CHECK(codes(c.say(wire, step)) == "220 250 250 250 354 550 221");
      CHECK(c.messages.empty());
      CHECK(senders == 1);
    }
  }
}

TEST_CASE("smtp server session: a second transaction in the same packet is one of its own",
          "[smtp][peers]") {
  Conversation c;
  c.say(std::string(kEnvelope) + "body\r\n.\r\n" + std::string(kSecond) + ".\r\n");
  REQUIRE(c.messages.size() == 2);
  CHECK(c.messages[0].content == "body\r\n");
  CHECK(c.messages[1].sender == "evil@b.example");
}

TEST_CASE("smtp server session: inputs from public advisories", "[smtp][peers][slow]") {
  const auto json = testing::read_fixture("bad-inputs/cases.json");
  if (!json) return;
  // What each gets here; the recipients are all accepted by the test's owner.
  const std::map<std::string, std::string> replies{
      {"CVE-2020-7247", "250 501"},
      {"CVE-2019-10149", "250 250 501"},  // a backslash needs quotes
      {"CVE-2025-67896", "250 250"},      // a legal quoted local part
      {"CVE-2020-28021", "250 501"},      // what AUTH= stands for is an address
      {"CVE-2020-28026", "250 250 501"},  // an encoded line feed is no address
      {"CVE-2011-0411, CVE-2021-33515, CVE-2021-38542, CVE-2024-34083", "250 502 250"},
      {"CVE-2017-16943", "250 250 250 250 500"},  // a chunk of one octet, and no command
      {"CVE-2017-16944", "250 250 250"},          // a dot within a chunk
      {"CVE-2019-16928", "500"},
      {"CVE-2018-6789", "250 501"},  // no multiple of four digits
      {"POSTFIX-3.7.2", "421"},
      {"CVE-2011-1720", "250 504 500 535"},
      {"CVE-2025-59028", "250 501"},
      {"CVE-2019-11494 / 11499", "250 334"},
      {"CVE-2019-10691", "250 535"},
      {"CVE-2020-7046", "501 250"},
      {"CVE-2020-10967", "250 250 250"},
      {"CVE-2025-13033", "250 250 250"},
  };
  // Those that are prose, and the test that plays them.
  const std::set<std::string> elsewhere{
      "CVE-2015-7611",  // address: a local part is text; the directory's test has the lookup
      "LOG-INJ",        // command reader: control characters; the logger's test has the escapes
      "CVE-2005-1513",  // command reader, data reader: limits
      "CVE-2005-1514",  // server session: a long line is kept nowhere
      "CVE-2005-1515",  // server session: limits of recipients
      "RECEIVED-LOOP",  // smtpd header check
      "CVE-2020-3811 / 3812",  // smtpd recipient check: a table, no files
      "SLOWLORIS",             // smtpd connection: a client that is silent
      "CVE-2023-51764/51765/51766, CVE-2024-27305, CVE-2023-51747",  // smuggling, above
      "GHSA-5835-4gvc-32pc",                                        // credentials: values are bound
      "CVE-2020-12674 / 12673, CVE-2023-42114..6, CVE-2026-40687",  // mechanisms: no NTLM
      "CVE-2026-45185 (Dead.Letter)",  // test_tls.py: close_notify within a chunk
  };
  const auto cases = nlohmann::json::parse(*json).at("cases");
  for (const auto& row : cases) {
    const std::string id = row.at("id");
    const std::string surface = row.at("surface");
    CAPTURE(id, surface);
    if (surface.find("smtp-in") == std::string::npos && surface != "auth") continue;
    if (row.at("steps").is_null()) {
      CHECK(elsewhere.count(id) == 1);
      continue;
    }
    ServerSettings settings{.hostname = "mx.test"};
    settings.offered.auth = settings.offered.auth_in_clear = true;
    Conversation c(settings);
    c.heard();
    std::string heard;
    for (const auto& step : row.at("steps")) heard += c.say(octets(step));
    REQUIRE(replies.count(id) == 1);
    CHECK(codes(heard) == replies.at(id));
    CHECK(c.messages.empty());
    CHECK(c.session.unprocessed() < 4096);
  }
}

}  // namespace smtp_attacks_peers_test
