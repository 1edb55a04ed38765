#include "ctl/trace_words.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "common/trace/belonging.h"

namespace postrider::ctl {

namespace {

using trace::Event;

// {key} is the event's value. What stands in [] is left out where a value in it is missing or
// empty.
struct Words {
  std::string_view event;
  std::string_view words;
};
constexpr std::array kWords{
    Words{"connected", "a client connected: {client}[, to a listener of mode {mode}]"},
    Words{"client_told",
          "{by} speaks for another client (XCLIENT): {client}[, {name}][, logged in as {login}]"},
    Words{"secured", "under TLS: {tls} {cipher}[, resumed: {resumed}]"},
    Words{"handshake_failed", "the TLS handshake failed: {reason}"},
    Words{"authenticated",
          "logged in as {user} by {mechanism}[, with the app password {app_password}]"},
    Words{"authentication_failed", "login as {user} by {mechanism} refused: {reason}"},
    Words{"login_revoked", "the login as {user} does not hold any more: {reason}"},
    Words{"recipient_refused",
          "recipient <{to}> of a message from <{from}> refused[, by the check {check}]: {reply}"},
    Words{"message_refused", "message from <{from}> refused[, by the check {check}]: {reply}"},
    Words{"message_abandoned",
          "the client left in the middle of a message from <{from}>[, after {octets} octets]"},
    Words{"accepted",
          "accepted from <{from}>[ for <{to}>], recipients: {recipients}, {size} octets[, durable "
          "after {durable_ms} ms]; from {client}[ ({name})], HELO {helo}, {protocol}[, {tls} "
          "{cipher}][, logged in as {user}][; checks: {checks}][; Message-ID {message_id}]"},
    Words{"verdict", "check {check}: {action}: {reason}"},
    Words{"recipient", "for <{to}>"},
    Words{"disconnected", "the session ended: {reason}"},
    Words{"connection_too_slow", "ended, as the client did not get on"},
    Words{"expanded", "<{original}> is an alias: it goes to <{to}>"},
    Words{"local_delivery", "{outcome}: {reply}[, after {took_ms} ms][, file {file}][; {detail}]"},
    Words{"attempt",
          "attempt at {remote} ({next_hop}), recipients: {recipients}; DNS {dns_ms} ms, in line "
          "{wait_ms} ms, connecting {connect_ms} ms, TLS {tls_ms} ms, all of it {took_ms} ms[; "
          "{tls}]"},
    Words{"sent", "<{to}> taken by {remote}: {reply}[; {tls}]"},
    Words{"refused", "<{to}> refused[ by {remote}]: {reply}"},
    Words{"deferred", "<{to}> not now[, by {remote}]: {reply}"},
    Words{"corrupt", "<{to}>: {reply}"},
    Words{"delivered", "<{to}> is delivered[, to {remote}]: {reply}"},
    Words{"bounced", "<{to}> has failed for good[, at {remote}]: {reply}"},
    Words{"expired", "<{to}> is given up[; {remote} said]: {reply}"},
    Words{"deleted", "<{to}> deleted: {reason}"},
    Words{"waits", "waits until {until}, attempts so far: {attempts}[; <{to}>: {reply}]"},
    Words{"put_behind", "waits until {destination} takes mail again"},
    Words{"held", "held: {reason}"},
    Words{"release_awaited", "held back by its sender until {until}"},
    Words{"report", "a report ({kind}) on {of} goes to <{to}> as {id}"},
    Words{"report_not_sent", "nobody is told: {reason}"},
    Words{"ended", "the end, {age_ms} ms after it was accepted"},
};

constexpr std::string_view kDialogue = "dialogue";

// Fills in the values. `whole` becomes false where one is missing or empty.
std::string filled(std::string_view words, const Event& event, bool& whole) {
  std::string text;
  while (!words.empty()) {
    const std::size_t open = words.find('{');
    text += words.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = words.find('}', open);
    const std::string_view value =
        trace::value_of(event.values, words.substr(open + 1, close - open - 1));
    whole = whole && !value.empty();
    text += value;
    words.remove_prefix(close + 1);
  }
  return text;
}

std::string told(std::string_view words, const Event& event) {
  std::string text;
  bool whole = true;
  while (!words.empty()) {
    const std::size_t open = words.find('[');
    text += filled(words.substr(0, open), event, whole);
    if (open == std::string_view::npos) break;
    const std::size_t close = words.find(']', open);
    bool optional_whole = true;
    const std::string optional =
        filled(words.substr(open + 1, close - open - 1), event, optional_whole);
    if (optional_whole) text += optional;
    words.remove_prefix(close + 1);
  }
  return text;
}

}  // namespace

std::string words_for(const Event& event) {
  const auto* const known = std::find_if(
      kWords.begin(), kWords.end(), [&](const Words& words) { return words.event == event.name; });
  if (known != kWords.end()) return told(known->words, event);
  std::string text = event.name;
  for (const auto& [key, value] : event.values)
    if (key != kDialogue && key != "id" && key != "session")
      text += fmt::format(" {}={}", key, value);
  return text;
}

std::vector<DialogueLine> dialogue_of(std::string_view text) {
  std::vector<DialogueLine> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    DialogueLine read;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), read.ms);
    const std::string_view said = line.substr(static_cast<std::size_t>(rest - line.data()));
    const bool right = error == std::errc() && said.size() >= 3;
    const char direction = right ? said[1] : '*';
    read.who = direction == '>' ? "client" : direction == '<' ? "server" : "event";
    read.text = right ? said.substr(3) : line;
    lines.push_back(std::move(read));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace postrider::ctl
