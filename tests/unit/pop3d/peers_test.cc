// The POP3 sessions of peers' test suites (fixtures: protocol/pop3-peers), played over our Session.
#include <filesystem>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "pop3d/session.h"
#include "tests/unit/pop3d/fake_owner.h"

namespace pop3d_peers_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

using Lines = std::vector<std::string>;

const std::map<std::string, std::vector<std::string>> kMailboxes = {
    {"", {}},
    {"one message", {"Subject: 1\n\none\n"}},
    {"two messages", {"Subject: 1\n\none\n.dot\n", "Subject: 2\nTo: x\n\ntwo\nlines\n"}},
    {"moshe", {"From: moshe\nTo: moshe\n\nHow are you, friend?\n"}},
};

Lines split(std::string_view text, std::string_view separator) {
  Lines parts;
  for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  if (!text.empty()) parts.emplace_back(text);
  return parts;
}

// One peer's session against ours.
class Play {
 public:
  explicit Play(const nlohmann::json& session)
      : tls_(session["test"] == "inbucket STLS with TLS" ? Tls::starttls : Tls::none),
        mail_(kMailboxes.at(mailbox_of(session))),
        owner_(mail_, account_of(session)) {
    account_ = account_of(session);
    connect();
  }

  // True: we answer as the peer does.
  bool step(const std::string& send, const std::string& expect) {
    return matches(exchange(send), expect);
  }

 private:
  static std::string mailbox_of(const nlohmann::json& session) {
    const std::string text = session.value("mailbox", "");
    return text.find("moshe") == std::string::npos ? text : "moshe";
  }

  static Account account_of(const nlohmann::json& session) {
    if (!session.contains("account")) return {};
    return {session["account"]["user"], session["account"]["password"]};
  }

  void connect() {
    session_.emplace(
        SessionOptions{.hostname = "mx.test", .plaintext = Plaintext::allowed, .tls = tls_});
    owner_.drain(*session_);
  }

  std::string exchange(const std::string& send) {
    if (send == "<reconnect, login>") reconnect();
    if (send == "<login>" || send == "<reconnect, login>") {
      owner_.command(*session_, "USER " + account_.user);
      return owner_.command(*session_, "PASS " + account_.password);
    }
    if (send == "<tls handshake>") return std::exchange(handshake_, {});
    if (send == "PASS (byte 0x81)") return owner_.command(*session_, "PASS \x81");
    std::string reply = owner_.command(*session_, send);
    // The owner has carried it out already.
    if (const auto tls = reply.find("<tls>"); tls != std::string::npos) {
      handshake_ = reply.substr(tls + 5);
      reply.erase(tls);
    }
    return reply;
  }

  void reconnect() {
    for (auto it = owner_.removed.rbegin(); it != owner_.removed.rend(); ++it)
      mail_.erase(mail_.begin() + static_cast<std::ptrdiff_t>(*it));
    owner_ = FakeOwner(mail_, account_);
    connect();
  }

  // The lines that an expectation stands for, placeholders of whole lines filled in.
  Lines expected_lines(const std::string& expect) const {
    Lines lines;
    for (const std::string& part : split(expect, ";")) {
      if (part == "<message1>") {
        for (const std::string& line : split(mail_.at(0), "\n")) lines.push_back(stuffed(line));
      } else if (part == "<header2>") {
        const std::string& text = mail_.at(1);
        for (const std::string& line : split(text.substr(0, text.find("\n\n") + 2), "\n"))
          lines.push_back(line);
      } else if (part == "<first body line>") {
        const std::string& text = mail_.at(1);
        lines.push_back(split(text.substr(text.find("\n\n") + 2), "\n").at(0));
      } else {
        lines.push_back(part);
      }
    }
    return lines;
  }

  static std::string stuffed(const std::string& line) {
    return line.starts_with('.') ? "." + line : line;
  }

  // "1 <size>" and "1 <uid>": a number, and one more word.
  static bool matches_line(const std::string& line, const std::string& pattern) {
    const std::size_t open = pattern.find('<');
    if (open == std::string::npos) return line == pattern;
    const std::string rest = line.substr(std::min(open, line.size()));
    const bool number = pattern.compare(open, 5, "<size") == 0;
    return line.starts_with(pattern.substr(0, open)) && !rest.empty() &&
           std::all_of(rest.begin(), rest.end(),
                       [&](char c) { return number ? is_digit(c) : c > ' '; });
  }

  bool matches(const std::string& reply, const std::string& expect) const {
    const Lines lines = split(reply, "\r\n");
    if (expect.starts_with("STLS"))
      return std::count(lines.begin(), lines.end(), "STLS") == (expect == "STLS listed" ? 1 : 0);
    if (expect.find(" message") == 1)  // "2 messages" in a list
      return lines.size() == 2U + static_cast<std::size_t>(expect.front() - '0');
    if (expect == "+OK;no STLS;.")
      return lines.front().starts_with("+OK") && lines.back() == "." &&
             std::count(lines.begin(), lines.end(), "STLS") == 0;
    const Lines expected = expected_lines(expect);
    if (expected.empty()) return reply.empty();
    if (lines.empty() || !matches_first(lines.front(), expected.front())) return false;
    if (expected.size() == 1) return true;
    return std::equal(lines.begin() + 1, lines.end(), expected.begin() + 1, expected.end(),
                      matches_line);
  }

  static bool matches_first(const std::string& line, const std::string& expected) {
    return expected.find('<') == std::string::npos ? line.starts_with(expected)
                                                   : matches_line(line, expected);
  }

  Tls tls_;
  std::vector<std::string> mail_;
  Account account_;
  std::string handshake_;  // what we said right behind it
  FakeOwner owner_;
  std::optional<Session> session_;
};

}  // namespace

TEST_CASE("pop3 peers: the sessions of twisted, James and Inbucket get the peers' answers",
          "[pop3d]") {
  const std::filesystem::path file = FIXTURES_DIR "/protocol/pop3-peers/sessions.json";
  if (!std::filesystem::exists(file)) {
    WARN("skipped: " << file << " is not there");
    return;
  }
  const auto fixture = nlohmann::json::parse(std::ifstream(file));
  const auto& sessions = fixture["sessions"];
  CHECK(sessions.size() == 38);
  for (const auto& session : sessions) {
    const std::string name = session["test"];
    CAPTURE(name);
    Play play(session);
    for (const auto& step : session["steps"]) {
      CAPTURE(step["send"], step["expect"]);
      CHECK(play.step(step["send"], step["expect"]));
    }
  }
}

}  // namespace pop3d_peers_test
