// Real bounces, sorted by hand in sisimai's set: what we make of the replies in them. Where
// ours differs, a row says why.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "common/message/cause.h"

namespace message_cause_peers_test {

using namespace postrider;
using namespace postrider::message;

namespace {

const std::filesystem::path kBounces = FIXTURES_DIR "/dsn-bounce/sisimai";

// Their reasons, with the causes of ours that they span. "filtered" is what they call a refusal
// after DATA, "rejected" one that came before RCPT.
const std::map<std::string, std::vector<Cause>> kReasons{
    {"authfailure", {Cause::authentication}},
    {"badreputation", {Cause::reputation}},
    {"blocked", {Cause::reputation}},
    {"contenterror", {Cause::content}},
    {"expired", {Cause::unreachable}},
    {"filtered", {Cause::bad_address, Cause::content}},
    {"hasmoved", {Cause::bad_address}},
    {"hostunknown", {Cause::bad_domain}},
    {"mailboxfull", {Cause::mailbox_full}},
    {"mailererror", {Cause::system}},
    {"mesgtoobig", {Cause::too_large}},
    {"networkerror", {Cause::unreachable}},
    {"norelaying", {Cause::relaying}},
    {"notaccept", {Cause::bad_domain}},
    {"notcompliantrfc", {Cause::content}},
    {"policyviolation", {Cause::policy}},
    {"rejected", {Cause::bad_sender, Cause::policy}},
    {"requireptr", {Cause::reputation}},
    {"securityerror", {Cause::policy}},
    {"spamdetected", {Cause::content}},
    {"speeding", {Cause::rate}},
    {"suspend", {Cause::mailbox_disabled}},
    {"systemerror", {Cause::system}},
    {"systemfull", {Cause::system}},
    {"toomanyconn", {Cause::rate}},
    {"userunknown", {Cause::bad_address}},
    {"virusdetected", {Cause::content}},
};

struct Deviation {
  std::string_view file;
  Cause ours;
  std::string_view why;
};
constexpr auto kDeviations = std::to_array<Deviation>({
    {"bsd/lhost-einsundeins-03.eml", Cause::unknown, "Mail rejected: they know the site"},
    {"bsd/lhost-exim-56.eml", Cause::rate, "a quota of what may be relayed in a day"},
    {"bsd/rhost-mimecast-02.eml", Cause::policy, "rejected due to security policies"},
    {"bsd/rhost-nttdocomo-02.eml", Cause::bad_address, "550 Unknown user"},
    {"bsd/rhost-spectrum-01.eml", Cause::bad_sender, "sender rejected; the rate is behind a link"},
});

struct Bounced {
  std::string status, reply;
};

// The text with LF at each end of a line, and the breaks of quoted-printable undone.
std::string read(const std::string& name) {
  std::ifstream file(kBounces / name, std::ios::binary);
  std::string raw(std::istreambuf_iterator<char>(file), {});
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r') continue;
    if (raw[i] == '=' && (raw.compare(i, 2, "=\n") == 0 || raw.compare(i, 3, "=\r\n") == 0)) {
      i = raw.find('\n', i);
      continue;
    }
    text += raw[i];
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// Each Diagnostic-Code of type smtp with the Status of its group.
std::vector<Bounced> diagnostics(const std::vector<std::string>& lines) {
  std::vector<Bounced> found;
  std::vector<std::string> statuses;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (starts_with_ignoring_case(lines[i], "status:"))
      statuses.push_back(std::string(trim(std::string_view(lines[i]).substr(7))));
    if (!starts_with_ignoring_case(lines[i], "diagnostic-code:")) continue;
    std::string value = lines[i].substr(16);
    while (i + 1 < lines.size() && !lines[i + 1].empty() && is_wsp(lines[i + 1].front()))
      value += ' ' + std::string(trim(lines[++i]));
    const std::size_t semicolon = value.find(';');
    if (equals_ignoring_case(trim(std::string_view(value).substr(0, semicolon)), "smtp"))
      found.push_back({"", std::string(trim(std::string_view(value).substr(semicolon + 1)))});
  }
  for (std::size_t i = 0; i < std::min(found.size(), statuses.size()); ++i)
    found[i].status = statuses[i].substr(0, statuses[i].find(' '));
  return found;
}

// Where a reply begins in `line`: a code and more words.
std::optional<std::size_t> reply_in(const std::string& line) {
  for (std::size_t i = 0; i + 8 <= line.size(); ++i) {
    const bool first = i == 0 || is_wsp(line[i - 1]) || line[i - 1] == '>';
    if (first && (line[i] == '4' || line[i] == '5') && is_digit(line[i + 1]) &&
        is_digit(line[i + 2]) && (line[i + 3] == ' ' || line[i + 3] == '-'))
      return i;
  }
  return std::nullopt;
}

// The first reply that the words before the original quote.
std::optional<Bounced> quoted_reply(const std::vector<std::string>& lines) {
  auto line = std::find(lines.begin(), lines.end(), "");  // the end of the header section
  for (; line != lines.end(); ++line) {
    if (line->starts_with("Received:") || line->starts_with("Return-Path:")) return std::nullopt;
    const auto at = reply_in(*line);
    if (!at) continue;
    std::string reply = line->substr(*at);
    while (++line != lines.end() && !trim(*line).empty()) reply += ' ' + *line;
    return Bounced{"", reply};
  }
  return std::nullopt;
}

std::vector<Bounced> bounced(const std::string& text, std::size_t recipients) {
  const auto lines = lines_of(text);
  auto found = diagnostics(lines);
  const bool machine_readable = std::any_of(
      lines.begin(), lines.end(),
      [](const std::string& line) { return starts_with_ignoring_case(line, "diagnostic-code:"); });
  if (!machine_readable && recipients == 1)
    if (auto reply = quoted_reply(lines)) found.push_back(std::move(*reply));
  return found.size() == recipients ? found : std::vector<Bounced>();
}

}  // namespace

TEST_CASE("message cause: real bounces are sorted as people sorted them", "[message][slow]") {
  std::ifstream file(kBounces / "expected.json");
  if (!file) {
    WARN("skipped: " << kBounces << " is not here");
    return;
  }
  const auto set = nlohmann::json::parse(file);
  std::size_t compared = 0;
  std::size_t deviating = 0;
  for (const auto& one : set["cases"]) {
    const auto& expected = one["expected"];
    if (!expected.is_array()) continue;
    const std::string name = one["file"];
    const auto replies = bounced(read(name), expected.size());
    for (std::size_t i = 0; i < replies.size(); ++i) {
      const auto theirs = kReasons.find(expected[i]["reason"].get<std::string>());
      if (theirs == kReasons.end()) continue;
      ++compared;
      const auto row = std::find_if(kDeviations.begin(), kDeviations.end(),
                                    [&](const Deviation& d) { return d.file == name; });
      const bool deviates = row != kDeviations.end();
      if (deviates) ++deviating;
      CAPTURE(name, replies[i].status, replies[i].reply);
      const Cause ours = cause_of(replies[i].status, replies[i].reply);
      CAPTURE(name_of(ours));
      if (deviates) {
        CHECK(ours == row->ours);
      } else {
        CHECK(std::count(theirs->second.begin(), theirs->second.end(), ours) == 1);
      }
    }
  }
  CHECK(compared == 108);
  CHECK(deviating == kDeviations.size());
  CHECK(deviating * 100 <= compared * 5);
}

}  // namespace message_cause_peers_test
