#include "common/smtp/client_session.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "common/base/base64.h"
#include "common/base/overloaded.h"
#include "common/sasl/server_exchange.h"
#include "common/smtp/auth_offer.h"

namespace smtp_client_session_auth_test {

using namespace postrider;
using namespace postrider::smtp;
using namespace std::string_literals;

namespace {

using Lines = std::vector<std::string>;

const ChannelBindings kBound{.tls_exporter = "32 octets of the TLS connection.", .tls_unique = {}};

// A session that logs in as anna, and what it asked of its owner: "C: " and a command, "unusable:
// CODE STATUS text" with " (login)" where that is to blame, "close".
struct Conversation {
  explicit Conversation(TlsLevel level, ChannelBindings b = {})
      : session("me.test", level, &login), bindings(std::move(b)) {}

  void drain() {
    while (auto action = session.next_action()) {
      std::visit(Overloaded{
                     [&](const ClientSession::Send& send) {
                       seen.push_back("C: " + send.bytes.substr(0, send.bytes.find("\r\n")));
                     },
                     [&](const ClientSession::StartTls&) { session.on_secured(bindings); },
                     [&](const ClientSession::Unusable& why) {
                       seen.push_back(
                           fmt::format("unusable: {}{}", to_line(why.reply),
                                       why.fault == ClientSession::Fault::login ? " (login)" : ""));
                     },
                     [&](const ClientSession::Close&) { seen.emplace_back("close"); },
                     [&](const auto&) { FAIL("no mail yet"); },
                 },
                 *action);
    }
  }
  void hear(const std::string& replies) {
    session.on_bytes(replies + "\r\n");
    drain();
  }
  // Up to the login: the server names `mechanisms` under TLS, or in the clear where it has none.
  void greet(const std::string& mechanisms) {
    hear("220 mx");
    const std::string offer = "250-mx\r\n250 AUTH " + mechanisms;
    if (bindings.tls_exporter.empty()) return hear(offer);
    hear("250-mx\r\n250 STARTTLS");
    hear("220 go");
    hear(offer);
  }
  std::string last_sent() const { return seen.back().substr(3); }

  const sasl::Login login{"anna", Secret("secret")};
  ClientSession session;
  ChannelBindings bindings;
  Lines seen;
};

const std::string kPlain = "C: AUTH PLAIN " + to_base64("\0anna\0secret"s);

}  // namespace

TEST_CASE("smtp auth offer: mechanisms that we know are read, whatever stands beside them",
          "[smtp]") {
  using sasl::Mechanism;
  const auto [text, expected] = GENERATE(table<std::string, std::vector<Mechanism>>({
      {"mx\nAUTH PLAIN LOGIN", {Mechanism::plain, Mechanism::login}},
      {"mx\nSIZE\nauth  scram-sha-256-plus X-OWN SCRAM-SHA-256 \nDSN",
       {Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256}},
      {"mx\nAUTH", {}},
      {"mx\nAUTH ", {}},
      {"mx\nAUTH CRAM-MD5 XOAUTH2", {}},
      {"mx\nAUTHX PLAIN", {}},
      {"AUTH PLAIN", {}},
      {"", {}},
  }));
  CAPTURE(text);
  CHECK(offered_mechanisms({250, "", text}) == expected);
}

TEST_CASE("smtp client session auth: the strongest mechanism of the server's is taken", "[smtp]") {
  const auto [offered, bound, taken] = GENERATE(table<std::string, bool, std::string>({
      {"LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", true, "C: AUTH SCRAM-SHA-256-PLUS "},
      {"LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", false, "C: AUTH SCRAM-SHA-256 "},
      {"LOGIN PLAIN SCRAM-SHA-256", true, "C: AUTH SCRAM-SHA-256 "},
      {"LOGIN PLAIN", true, "C: AUTH PLAIN "},
      {"LOGIN CRAM-MD5", true, "C: AUTH LOGIN"},
  }));
  CAPTURE(offered, bound);
  Conversation c(bound ? TlsLevel::verify : TlsLevel::none, bound ? kBound : ChannelBindings{});
  c.greet(offered);
  CHECK(c.seen.back().starts_with(taken));
  CHECK_FALSE(c.session.ready());
  CHECK(c.session.wait() == ClientSession::Wait::reply);
}

TEST_CASE("smtp client session auth: a login is bound to a connection of implicit TLS", "[smtp]") {
  const sasl::Login login{"anna", Secret("secret")};
  ClientSession session("me.test", TlsLevel::verify, &login, {.tls_start = TlsStart::implicit});
  session.on_secured(kBound);
  session.on_bytes("220 mx\r\n250-mx\r\n250 AUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n");
  std::string sent;
  while (const auto action = session.next_action())
    if (const auto* send = std::get_if<ClientSession::Send>(&*action)) sent += send->bytes;
  CHECK(sent.starts_with("EHLO me.test\r\nAUTH SCRAM-SHA-256-PLUS "));
}

TEST_CASE("smtp client session auth: where a mechanism is refused the next is tried", "[smtp]") {
  const auto reply = GENERATE(as<std::string>(), "504 5.5.4 what?", "534 5.7.9 too weak");
  Conversation c(TlsLevel::verify, kBound);
  c.greet("PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS");
  c.hear(reply);
  CHECK(c.seen.back().starts_with("C: AUTH SCRAM-SHA-256 "));
  c.hear(reply);
  CHECK(c.seen.back() == kPlain);
  c.hear(reply);
  CHECK(c.seen[c.seen.size() - 2] ==
        "unusable: 0 4.7.0 our login is refused: " + reply + " (login)");
}

TEST_CASE(
    "smtp client session auth: who is not verified gets no password by refusing what hides it",
    "[smtp]") {
  Conversation c(TlsLevel::encrypt, kBound);
  c.greet("PLAIN SCRAM-SHA-256");
  c.hear("504 5.5.4 what?");
  CHECK(c.seen[c.seen.size() - 2] ==
        "unusable: 0 4.7.0 our login is refused: 504 5.5.4 what? (login)");
}

TEST_CASE("smtp client session auth: where the password is refused no other mechanism is tried",
          "[smtp]") {
  Conversation c(TlsLevel::verify, kBound);
  c.greet("PLAIN LOGIN");
  c.hear("535 5.7.8 wrong");
  CHECK(c.seen[c.seen.size() - 2] ==
        "unusable: 0 4.7.0 our login is refused: 535 5.7.8 wrong (login)");
}

TEST_CASE(
    "smtp client session auth: a password is shown in the clear only where all is meant to go "
    "so",
    "[smtp]") {
  Conversation may(TlsLevel::may);
  may.greet("PLAIN LOGIN");
  CHECK(Lines(may.seen.end() - 3, may.seen.end()) ==
        Lines{"C: QUIT",
              "unusable: 0 4.7.0 our login is not possible: the server offers no mechanism "
              "that can be used (login)",
              "close"});
  Conversation scram(TlsLevel::may);
  scram.greet("PLAIN SCRAM-SHA-256");
  CHECK(scram.seen.back().starts_with("C: AUTH SCRAM-SHA-256 "));
  Conversation none(TlsLevel::none);
  none.greet("PLAIN LOGIN");
  CHECK(none.seen.back() == kPlain);
}

TEST_CASE("smtp client session auth: PLAIN and LOGIN to their end", "[smtp]") {
  Conversation plain(TlsLevel::verify, kBound);
  plain.greet("PLAIN");
  CHECK(plain.seen.back() == kPlain);
  plain.hear("235 2.7.0 welcome");
  CHECK(plain.session.ready());
  Conversation login(TlsLevel::verify, kBound);
  login.greet("LOGIN");
  login.hear("334 " + to_base64("Username:"));
  CHECK(login.last_sent() == to_base64("anna"));
  login.hear("334 " + to_base64("Password:"));
  CHECK(login.last_sent() == to_base64("secret"));
  CHECK_FALSE(login.session.ready());
  login.hear("235 2.7.0 welcome");
  CHECK(login.session.ready());
}

TEST_CASE("smtp client session auth: SCRAM to its end, with our own server's side", "[smtp]") {
  const auto mechanism =
      GENERATE(sasl::Mechanism::scram_sha_256, sasl::Mechanism::scram_sha_256_plus);
  constexpr const char* kSalt = "0123456789abcdef";
  constexpr unsigned kIterations = sasl::ClientExchange::kMinIterations;
  Conversation c(TlsLevel::verify, kBound);
  c.greet(std::string(sasl::name_of(mechanism)));
  sasl::ServerExchange server(mechanism, kBound);
  const std::string first = c.last_sent();
  REQUIRE(std::holds_alternative<sasl::AskKeys>(
      server.begin(Secret(from_base64(first.substr(first.rfind(' ') + 1)).value()))));
  sasl::Step step = server.on_keys(
      {kSalt, kIterations, {*sasl::derive_scram_keys(Secret("secret"), kSalt, kIterations)}});
  while (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
    c.hear("334 " + to_base64(challenge->octets));
    step = server.on_response(Secret(from_base64(c.last_sent()).value()));
  }
  REQUIRE(std::holds_alternative<sasl::Proven>(step));
  c.hear("235 2.7.0 welcome");
  CHECK(c.session.ready());
}

TEST_CASE("smtp client session auth: a server that lets us in without having proven itself is left",
          "[smtp]") {
  Conversation c(TlsLevel::verify, kBound);
  c.greet("SCRAM-SHA-256");
  c.hear("235 2.7.0 welcome");
  CHECK(Lines(c.seen.end() - 2, c.seen.end()) ==
        Lines{"unusable: 0 4.7.5 our login ended before the server had proven that it knows "
              "the password (login)",
              "close"});
}

TEST_CASE("smtp client session auth: what fails is temporary, and the login's fault", "[smtp]") {
  const auto [reply, why] = GENERATE(table<std::string, std::string>({
      {"535 5.7.8 wrong", "0 4.7.0 our login is refused: 535 5.7.8 wrong (login)"},
      {"454 4.7.0 later", "0 4.7.0 our login is refused: 454 4.7.0 later (login)"},
      {"538 no", "0 4.7.0 our login is refused: 538 no (login)"},
      {"250 odd", "0 4.7.0 our login is refused: 250 odd (login)"},
      {"334 !",
       "0 4.7.5 our login failed: the server's challenge is none of PLAIN, or it "
       "does not know the password (login)"},
      {"334 ",
       "0 4.7.5 our login failed: the server's challenge is none of PLAIN, or it "
       "does not know the password (login)"},
      {"421 bye", "421 bye"},
  }));
  Conversation c(TlsLevel::verify, kBound);
  c.greet("PLAIN");
  c.hear(reply);
  CHECK(Lines(c.seen.end() - 2, c.seen.end()) == Lines{"unusable: " + why, "close"});
}

TEST_CASE("smtp client session auth: what ends the connection meanwhile is the server's fault",
          "[smtp]") {
  Conversation c(TlsLevel::verify, kBound);
  c.greet("PLAIN");
  SECTION("lost") {
    c.session.on_closed({});
    c.drain();
    CHECK(c.seen[c.seen.size() - 2] ==
          "unusable: 0 4.4.2 the connection was lost while logging in");
  }
  SECTION("silent") {
    c.session.on_timeout();
    c.drain();
    CHECK(c.seen[c.seen.size() - 2] == "unusable: 0 4.4.2 timed out while logging in");
  }
}

TEST_CASE("smtp client session auth: what was offered in the clear is not taken under TLS",
          "[smtp]") {
  Conversation c(TlsLevel::verify, kBound);
  c.hear("220 mx");
  c.hear("250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS");
  c.hear("220 go");
  c.hear("250-mx\r\n250 DSN");
  CHECK(c.seen.back() == "close");
}

}  // namespace smtp_client_session_auth_test
