// The dialogues of three peers, each played against a session. Compared are the reply codes; where
// ours differ on purpose a row says why.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/fixtures.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_dialogues_peers_test {

using namespace postrider::smtp;
using testing::codes;
using testing::Conversation;

namespace {

struct Difference {
  std::string_view where;  // the command, or the file
  std::string_view theirs;
  std::string_view ours;
  std::string_view why;
};

std::string expected(const std::vector<Difference>& differences, std::string_view where,
                     const std::string& theirs) {
  const auto row = std::find_if(differences.begin(), differences.end(), [&](const Difference& d) {
    return d.where == where && d.theirs == theirs;
  });
  return row == differences.end() ? theirs : std::string(row->ours);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A Python expression of string literals, +, * and parentheses, as chasquid's dialogues have them.
class Expression {
 public:
  explicit Expression(std::string_view text) : rest_(text) {}

  std::string value() {
    std::string sum = product();
    while (take('+')) sum += product();
    return sum;
  }

 private:
  std::string product() {
    const bool bracketed = take('(');
    const std::string factor = bracketed ? value() : literal();
    if (bracketed) REQUIRE(take(')'));
    if (!take('*')) return factor;
    std::string repeated;
    for (int n = number(); n > 0; --n) repeated += factor;
    return repeated;
  }

  std::string literal() {
    std::string text;
    REQUIRE(take('\''));
    for (; rest_.front() != '\''; rest_.remove_prefix(1)) {
      if (rest_.front() != '\\') {
        text.push_back(rest_.front());
        continue;
      }
      rest_.remove_prefix(1);
      text.push_back(rest_.front() == 'r' ? '\r' : '\n');
    }
    rest_.remove_prefix(1);
    return text;
  }

  int number() {
    skip_blanks();
    int value = 0;
    for (; !rest_.empty() && postrider::is_digit(rest_.front()); rest_.remove_prefix(1))
      value = value * 10 + (rest_.front() - '0');
    return value;
  }

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace

TEST_CASE("smtp server session: inbucket's sessions", "[smtp][peers]") {
  const auto json = testing::read_fixture("protocol/inbucket/smtp-sessions.json");
  if (!json) return;
  const std::vector<Difference> differences{
      {"AUTH PLAIN aW5idWNrZXQ6cGFzc3dvcmQK", "235", "535", "no message of PLAIN (RFC 4616)"},
      {"AUTH GSSAPI aW5idWNrZXQ6cGFzc3dvcmQK", "500", "504", "RFC 4954 section 4"},
      {"AUTH PLAIN", "500", "334", "the message may come later (RFC 4954 section 4)"},
      {"AUTH PLAIN aW5idWNrZXQ6cG Fzc3dvcmQK", "500", "501", "RFC 4954 section 4"},
      {"password", "235", "535", "upstream takes any"},
      {"", "334", "535", "upstream takes any"},
      {"", "235", "500", "the login is over"},
      {"STARTTLS", "454", "502", "what is not offered is not implemented"},
      {"MAIL FROM:<user\\@internal@external.com>", "250", "501", "a quoted pair needs quotes"},
      {"MAIL FROM:<user\\>name@host.com>", "250", "501", "a quoted pair needs quotes"},
      {"MAIL FROM: <john@gmail.com> SIZE147", "501", "555",
       "an unknown parameter (section 4.1.1.11)"},
      {"MAIL FROM: <john@invalidomain.com>", "501", "250", "upstream's list of refused senders"},
      {"MAIL FROM: <john@s1.otherinvaliddomain.com>", "501", "250", "upstream's list"},
      {"MAIL FROM: <john@s2.otherinvaliddomain.com>", "501", "250", "upstream's list"},
      {"TestMailState: DATA", "503", "554", "no valid recipients (section 3.3)"},
      {"HELO", "503", "501", "HELO is legal anywhere, but not without a name"},
      {"RCPT TO:u3@gmail.com", "250", "501", "a path has angle brackets (section 4.1.2)"},
      {"RCPT TO:u3@deny.com", "550", "501", "a path has angle brackets"},
      {"RCPT TO: u4@gmail.com", "250", "501", "a path has angle brackets"},
      {"RCPT TO:<\"first/last\"@host.com", "250", "501", "a path has two angle brackets"},
      {"RCPT TO:<u6@gmail.com>", "552", "452", "section 4.5.3.1.10 prefers 452"},
  };
  const auto sessions = nlohmann::json::parse(*json).at("sessions");
  for (const auto& session : sessions) {
    const std::string name = session.at("test");
    // These two tests play each step in a session of its own, after HELO.
    const bool apart = name.starts_with("TestReadyState") &&
                       session.at("steps").at(0).at("send") != "HELO localhost";
    ServerSettings settings{.hostname = "mx.test", .recipient_limit = 5};
    settings.offered.auth = settings.offered.auth_in_clear = true;
    auto c = std::make_unique<Conversation>(settings);
    for (const auto& step : session.at("steps")) {
      const std::string send = step.at("send");
      CAPTURE(name, send);
      if (apart) {
        c = std::make_unique<Conversation>(settings);
        c->say("HELO localhost\r\n");
      }
      c->on_recipient = [](const Mailbox& recipient) {
        return recipient.local_part == "bad" ? Reply{550, "5.7.1", "no"}
                                             : Reply{250, "2.1.5", "ok"};
      };
      c->heard();
      const std::string in_test = expected(differences, name + ": " + send, step.at("expect_code"));
      const std::string ours = codes(c->say(send + "\r\n"));
      CHECK(ours == expected(differences, send, in_test));
      if (ours == "334" && in_test != ours) c->say("*\r\n");  // upstream does not ask
    }
  }
}

TEST_CASE("smtp server session: James' dialogues", "[smtp][peers]") {
  const std::vector<Difference> differences{
      {"authplain.test", "220 334 334 235", "220 503 500 500", "before AUTH stands EHLO"},
      {"starttls_session_fixation.test", "220 250 334 334 235 250 250 501",
       "220 250 334 334 235 250 250 503", "503 is for the sequence"},
      {"starttls_with_injection.test", "220 250 451", "220 250 503",
       "trying again would be no better"},
  };
  for (const auto* const file :
       {"authplain", "data_starts_with_starttls", "data_with_starttls", "helo",
        "rcpt_with_starttls", "starttls", "starttls_session_fixation", "starttls_with_injection"}) {
    const std::string name = std::string(file) + ".test";
    const auto script = testing::read_fixture("protocol/james-mpt-smtp/" + name);
    if (!script) continue;
    ServerSettings settings{.hostname = "mx.test", .tls = Tls::starttls};
    settings.offered.auth = settings.offered.auth_in_clear = true;
    Conversation c(settings);
    c.login.user = "bob@mydomain.tld";
    c.login.password = "secret";
    std::string heard = c.heard();
    std::string theirs;
    for (std::string line : lines_of(*script)) {
      if (line.starts_with("S: ") && line.size() > 6 && line[6] == ' ')
        theirs += (theirs.empty() ? "" : " ") + line.substr(3, 3);
      if (!line.starts_with("C:")) continue;
      line.erase(0, std::min<std::size_t>(3, line.size()));
      for (std::size_t at; (at = line.find("\\r\\n")) != std::string::npos;)
        line.replace(at, 4, "\r\n");
      heard += c.say(line + "\r\n");
    }
    CAPTURE(name);
    CHECK(codes(heard) == expected(differences, name, theirs));
  }
}

TEST_CASE("smtp server session: chasquid's dialogues", "[smtp][peers]") {
  const std::vector<Difference> differences{
      {"auth_multi_dialog", "534", "504", "RFC 4954 section 4"},
      {"auth_not_tls", "503", "538", "RFC 4954 section 6"},
      {"bad_data", "554", "250", "what stands in a header is not the transport's business"},
      {"bad_data_dot", "521", "550", "the session goes on after the true end of the data"},
      {"bad_data_dot_2", "521", "550", "the session goes on after the true end of the data"},
      {"bad_data_dot_on_message_too_big", "521", "552", "the first reason is told"},
      {"bad_mail_from", "500", "501", "the verb is known, its argument is wrong"},
      {"bad_rcpt_to", "500", "501", "the verb is known, its argument is wrong"},
      {"bad_rcpt_to", "550", "553",
       "an address beyond ASCII needs SMTPUTF8 (RFC 6531 section 3.5)"},
      {"line_too_long", "554", "500", "section 4.5.3.1.9 has 500"},
      {"wrong_proto", "502", "421", "what is not SMTP is not talked to"},
  };
  for (const auto* const path :
       {"t-05-null_address/sendmail", "t-12-minor_dialogs/auth_not_tls",
        "t-12-minor_dialogs/bad_data", "t-12-minor_dialogs/bad_data_dot",
        "t-12-minor_dialogs/bad_data_dot_2", "t-12-minor_dialogs/bad_data_dot_on_message_too_big",
        "t-12-minor_dialogs/bad_mail_from", "t-12-minor_dialogs/bad_rcpt_to",
        "t-12-minor_dialogs/data_dot_stuffing", "t-12-minor_dialogs/empty_helo",
        "t-12-minor_dialogs/helo", "t-12-minor_dialogs/line_too_long",
        "t-12-minor_dialogs/message_too_big", "t-12-minor_dialogs/sendmail",
        "t-12-minor_dialogs/unknown_command", "t-12-minor_dialogs/wrong_proto",
        "t-12-minor_dialogs/auth_multi_dialog"}) {
    const auto script = testing::read_fixture("protocol/chasquid/" + std::string(path) + ".cmy");
    if (!script) continue;
    const std::string_view name =
        std::string_view(path).substr(std::string_view(path).find('/') + 1);
    std::unique_ptr<Conversation> c;
    std::string heard;
    for (const std::string& line : lines_of(*script)) {
      CAPTURE(path, line);
      if (line.starts_with("c tcp_connect") || line.starts_with("c tls_connect")) {
        ServerSettings settings{.hostname = "mx.test", .message_size_limit = 1U << 20U};
        settings.offered.auth = true;
        if (line.starts_with("c tls")) settings.tls = Tls::implicit;
        c = std::make_unique<Conversation>(settings);
        c->login.user = "user@testserver";
        c->login.password = "secretpassword";
        heard = c->heard();
      } else if (line == "c -> RCPT TO: user@testserver") {
        heard = c->say("RCPT TO:<user@testserver>\r\n");  // a path has angle brackets
      } else if (line.starts_with("c ->")) {
        heard = c->say(line.substr(std::min<std::size_t>(5, line.size())) + "\r\n");
      } else if (line.starts_with("c ~> ")) {
        heard = c->say(Expression(std::string_view(line).substr(5)).value());
      } else if (line.starts_with("c <")) {
        const std::size_t code = line.find_first_of("0123456789");
        CHECK(codes(heard) == expected(differences, name, line.substr(code, 3)));
      }
    }
  }
}

}  // namespace smtp_dialogues_peers_test
