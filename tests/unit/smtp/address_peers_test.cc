// The address vectors of three peers, each played against parse_mailbox(). Their question is not
// always ours (most ask for RFC 5322's addr-spec); where the answers differ a row says why.
#include "common/smtp/address.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/unit/smtp/fixtures.h"

namespace smtp_address_peers_test {

using namespace postrider::smtp;

namespace {

struct Difference {
  std::string_view address;
  std::string_view why;
};

bool accepted(std::string_view text) { return parse_mailbox(text, Charset::utf8).has_value(); }

// Fails unless we agree with the peer, or differ in a row of `differences`.
void compare(std::string_view address, bool peer_accepts,
             const std::vector<Difference>& differences) {
  const bool listed = std::any_of(differences.begin(), differences.end(),
                                  [&](const Difference& d) { return d.address == address; });
  CAPTURE(address, peer_accepts, listed);
  CHECK(accepted(address) == (peer_accepts != listed));
}

std::string unescape_xml(std::string text) {
  struct Entity {
    std::string_view name, value;
  };
  for (const auto& [name, value] :
       {Entity{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}})
    for (std::size_t at; (at = text.find(name)) != std::string::npos;)
      text.replace(at, name.size(), value);
  // "&#x2400;" + n, the symbol for a control character, stands for the character.
  for (std::size_t at; (at = text.find("&#x24")) != std::string::npos;)
    text.replace(at, 8, 1, static_cast<char>(std::stoi(text.substr(at + 5, 2), nullptr, 16)));
  for (std::size_t at; (at = text.find("&#xA9;")) != std::string::npos;)
    text.replace(at, 6, "\xc2\xa9");
  for (std::size_t at; (at = text.find("&amp;")) != std::string::npos;) text.replace(at, 5, "&");
  return text;
}

// In single quotes \' alone is an escape; in double quotes \" \t \r \n are.
std::string unquote_php(const std::string& literal) {
  const bool doubled = literal.front() == '"';
  std::string text;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    const char next = literal[i + 1];
    const bool escape = literal[i] == '\\' && (doubled || next == '\'' || next == '\\');
    if (!escape) {
      text.push_back(literal[i]);
      continue;
    }
    text.push_back(next == 't' ? '\t' : next == 'r' ? '\r' : next == 'n' ? '\n' : next);
    ++i;
  }
  return text;
}

struct IsEmailCase {
  std::string address, category, diagnosis;
};

std::string element(std::string_view xml, const std::string& name) {
  const std::size_t from = xml.find("<" + name + ">");
  if (from == std::string_view::npos) return "";
  const std::size_t text = from + name.size() + 2;
  return unescape_xml(std::string(xml.substr(text, xml.find("</" + name + ">") - text)));
}

std::vector<IsEmailCase> read_isemail(std::string_view xml) {
  std::vector<IsEmailCase> cases;
  for (std::size_t at = 0; (at = xml.find("<test id=", at)) != std::string_view::npos;) {
    const std::size_t end = xml.find("</test>", at);
    const std::string_view test = xml.substr(at, end - at);
    cases.push_back(
        {element(test, "address"), element(test, "category"), element(test, "diagnosis")});
    at = end;
  }
  return cases;
}

// The categories of isemail that RFC 5321's Mailbox has: the others are comments, folding white
// space, obsolete forms and what only RFC 5322 allows.
bool isemail_accepts(const IsEmailCase& c) {
  return c.category == "ISEMAIL_VALID_CATEGORY" || c.category == "ISEMAIL_DNSWARN" ||
         c.category == "ISEMAIL_RFC5321";
}

}  // namespace

TEST_CASE("smtp address: isemail's two sets agree with ours", "[smtp][peers]") {
  const std::vector<Difference> differences{
      {"test@[IPv6:1111:2222:3333:4444:5555:6666::8888]",
       "RFC 4291 section 2.2 lets '::' stand for one group; RFC 5321's grammar only for two or "
       "more"},
  };
  for (const auto* const set : {"tests.xml", "tests-original.xml"}) {
    const auto xml = testing::read_fixture(std::string("address/isemail/") + set);
    if (!xml) continue;
    const auto cases = read_isemail(*xml);
    REQUIRE(cases.size() >= 164);
    for (const IsEmailCase& c : cases) {
      CAPTURE(c.category, c.diagnosis);
      compare(c.address, isemail_accepts(c), differences);
    }
  }
}

TEST_CASE("smtp address: mox's table agrees with ours", "[smtp][peers]") {
  const auto json = testing::read_fixture("address/mox/table-cases.json");
  if (!json) return;
  const auto rows = nlohmann::json::parse(*json).at("files").at("smtp/address_test.go");
  CHECK(rows.size() == 21);
  for (const auto& row : rows) {
    std::string text = row.at("args").at(0);
    if (row.at("test") == "TestParseLocalpart") text += "@example.test";
    compare(text, row.at("kind") == "good", {});
  }
}

TEST_CASE("smtp address: egulias' table agrees with ours", "[smtp][peers]") {
  const auto json = testing::read_fixture("address/egulias/rfc-validation.json");
  if (!json) return;
  constexpr std::string_view kTooLong = "a local part has at most 64 octets (section 4.5.3.1.1)";
  constexpr std::string_view kComment = "comments and white space belong to header fields";
  const std::vector<Difference> differences{
      {"fab\\ ien@symfony.com", "a quoted pair stands in a quoted string only"},
      {"example((example))@fakedfake.co.uk", kComment},
      {"example @invalid.example.com", kComment},
      {"example(examplecomment)@invalid.example.com", kComment},
      {"\"\t\"@invalid.example.com", "qtextSMTP has no control characters"},
      {"\"\r\"@invalid.example.com", "qtextSMTP has no control characters"},
      {"a5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com", kTooLong},
      {"too_long_localpart_too_long_localpart_too_long_localpart_too_long_localpart"
       "@invalid.example.com",
       kTooLong},
      {"examp\xe2\x95\x91le@symfony.com",
       "RFC 6531 section 3.3 adds all of UTF8-non-ascii to atext"},
  };
  const auto providers = nlohmann::json::parse(*json).at("providers");
  for (const auto& [provider, rows] : providers.items()) {
    for (const auto& row : rows) {
      compare(unquote_php(row.at("php_literal")), provider.starts_with("getValid"), differences);
    }
  }
}

}  // namespace smtp_address_peers_test
