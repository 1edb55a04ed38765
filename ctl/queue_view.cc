#include "ctl/queue_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

std::string age(std::int64_t us, WallTime now) {
  return short_duration(now.time_since_epoch() - std::chrono::microseconds(us));
}

std::string in(std::int64_t us, WallTime now) {
  return short_duration(std::chrono::microseconds(us) - now.time_since_epoch());
}

// What its sender asked for; empty where that is over, or was not.
std::string held_until(const ipc::QueuedMessage& message, WallTime now) {
  const bool held = message.release_us() > now.time_since_epoch().count();
  return held ? iso_time(message.release_us()) : std::string();
}

// Why the recipient still waits, in the remote's words.
std::string last_reply(const ipc::QueuedRecipient& recipient) {
  if (recipient.reply().empty()) return {};
  return fmt::format("{}{}{}", recipient.remote(),
                     recipient.remote().empty() ? "" : " said: ", recipient.reply());
}

// Of one that is being delivered; empty: it is not.
std::string under_way(const ipc::QueuedRecipient& recipient, WallTime now) {
  if (recipient.begun_us() == 0) return {};
  return fmt::format("being delivered for {}, by {}", age(recipient.begun_us(), now),
                     recipient.next_hop());
}

}  // namespace

json time_or_null(std::int64_t us) { return us == 0 ? json() : json(iso_time(us)); }

json to_json(const ipc::QueuedMessage& message) {
  json recipients = json::array();
  for (const ipc::QueuedRecipient& recipient : message.recipients())
    recipients.push_back({{"address", recipient.address()},
                          {"state", recipient.state()},
                          {"attempts", recipient.attempts()},
                          {"status", recipient.status()},
                          {"reply", recipient.reply()},
                          {"remote", recipient.remote()},
                          {"next_hop", recipient.next_hop()},
                          {"via", recipient.via()},
                          {"begun", time_or_null(recipient.begun_us())}});
  json verdicts = json::array();
  for (const ipc::MessageVerdict& verdict : message.verdicts())
    verdicts.push_back(
        {{"check", verdict.check()}, {"action", verdict.action()}, {"reason", verdict.reason()}});
  return {{"id", message.id()},
          {"state", message.state()},
          {"arrival", time_or_null(message.arrival_us())},
          {"sender", message.sender()},
          {"size", message.size()},
          {"recipients", recipients},
          {"verdicts", verdicts},
          {"hold_reason", message.hold_reason()},
          {"next_attempt", time_or_null(message.next_attempt_us())},
          {"expires", time_or_null(message.expires_us())},
          {"client_address", message.client_address()},
          {"auth", message.auth()},
          {"tls", message.tls()},
          {"release", time_or_null(message.release_us())},
          {"deleted", time_or_null(message.deleted_us())}};
}

json to_json(const ipc::SummaryRow& row) {
  return {{"destination", row.destination()},
          {"state", row.state()},
          {"reason", row.reason()},
          {"messages", row.messages()},
          {"recipients", row.recipients()},
          {"oldest", time_or_null(row.oldest_us())},
          {"next_attempt", time_or_null(row.next_attempt_us())}};
}

json to_json(const ipc::Outage& outage) {
  return {{"destination", outage.destination()},
          {"reason", outage.reason()},
          {"since", time_or_null(outage.since_us())},
          {"next_probe", time_or_null(outage.next_probe_us())},
          {"messages", outage.messages()}};
}

json to_json(const ipc::QueueStatus& status) {
  json processes = json::array();
  for (const ipc::Connected& process : status.connected())
    processes.push_back({{"name", name_of(process.role())},
                         {"worker", process.worker()},
                         {"pid", process.pid()},
                         {"jobs", process.jobs()}});
  return {{"active", status.active()},
          {"deferred", status.deferred()},
          {"held", status.held()},
          {"deleted", status.deleted()},
          {"deleted_octets", status.deleted_octets()},
          {"oldest", time_or_null(status.oldest_us())},
          {"started", time_or_null(status.started_us())},
          {"processes", processes}};
}

json to_json(const ipc::Pause& pause) {
  return {{"destination", pause.destination()},
          {"since", time_or_null(pause.since_us())},
          {"user", pause.user()},
          {"why", pause.why()},
          {"messages", pause.messages()}};
}

json to_json(const ipc::Act& act) {
  return {{"time", iso_time(act.time_us())},
          {"uid", act.uid()},
          {"user", act.user()},
          {"verb", act.verb()},
          {"what", act.what()},
          {"messages", act.messages()},
          {"why", act.why()},
          {"failure", act.failure()}};
}

std::string to_line(const ipc::QueuedMessage& message, WallTime now) {
  std::string text = fmt::format("{}  {:8}  {:>4}  {:>8}  <{}>\n", printable(message.id()),
                                 printable(message.state()), age(message.arrival_us(), now),
                                 short_size(message.size()), printable(message.sender()));
  if (const std::string until = held_until(message, now); !until.empty())
    text += fmt::format("    held until {}\n", until);
  if (!message.hold_reason().empty())
    text += fmt::format("    held: {}\n", printable(message.hold_reason()));
  for (const ipc::QueuedRecipient& recipient : message.recipients()) {
    if (recipient.state() != "pending") continue;
    text += fmt::format("    {}\n", printable(recipient.address()));
    if (const std::string begun = under_way(recipient, now); !begun.empty())
      text += fmt::format("        {}\n", printable(begun));
    if (const std::string reply = last_reply(recipient); !reply.empty())
      text += fmt::format("        {}\n", printable(reply));
  }
  return text;
}

std::string to_text(const ipc::QueuedMessage& message, WallTime now) {
  std::vector<std::vector<std::string>> rows{
      {"id", message.id()},
      {"state", message.state()},
      {"arrived",
       fmt::format("{} ({} ago)", iso_time(message.arrival_us()), age(message.arrival_us(), now))},
      {"sender", fmt::format("<{}>", message.sender())},
      {"size", short_size(message.size())}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) rows.push_back({name, value});
  };
  add("client", message.client_address());
  add("logged in as", message.auth());
  add("TLS onward", message.tls());
  add("held until", held_until(message, now));
  add("held because", message.hold_reason());
  if (message.deleted_us() != 0)
    add("deleted",
        fmt::format("{} ({} ago)", iso_time(message.deleted_us()), age(message.deleted_us(), now)));
  for (const ipc::MessageVerdict& verdict : message.verdicts())
    rows.push_back(
        {"check", fmt::format("{}: {}, {}", verdict.check(), verdict.action(), verdict.reason())});
  if (message.next_attempt_us() != 0)
    add("next attempt", fmt::format("{} (in {})", iso_time(message.next_attempt_us()),
                                    in(message.next_attempt_us(), now)));
  add("expires", iso_time(message.expires_us()));
  for (const ipc::QueuedRecipient& recipient : message.recipients()) {
    rows.push_back({"recipient", recipient.address()});
    rows.push_back({"", fmt::format("{}, {} attempts, by {}", recipient.state(),
                                    recipient.attempts(), recipient.next_hop())});
    if (const std::string begun = under_way(recipient, now); !begun.empty())
      rows.push_back({"", begun});
    if (!recipient.via().empty())
      rows.push_back({"", fmt::format("routed by the operator: {}", recipient.via())});
    if (const std::string reply = last_reply(recipient); !reply.empty())
      rows.push_back({"", reply});
  }
  return table(rows);
}

std::string to_text(const std::vector<ipc::SummaryRow>& summary, WallTime now) {
  std::vector<std::vector<std::string>> rows{
      {"DESTINATION", "STATE", "MESSAGES", "RECIPIENTS", "OLDEST", "REASON"}};
  for (const ipc::SummaryRow& row : summary)
    rows.push_back({row.destination(), row.state(), std::to_string(row.messages()),
                    std::to_string(row.recipients()),
                    row.oldest_us() == 0 ? "" : age(row.oldest_us(), now), row.reason()});
  return table(rows);
}

std::string to_line(const ipc::Outage& outage) {
  return fmt::format("waiting for {}: {} since {}, next try {}, messages that wait: {}",
                     printable(outage.destination()), printable(outage.reason()),
                     iso_time(outage.since_us()), iso_time(outage.next_probe_us()),
                     outage.messages());
}

std::string to_line(const ipc::Pause& pause) {
  return fmt::format("paused: {} since {} by {}{}{}, messages that wait: {}",
                     printable(pause.destination()), iso_time(pause.since_us()),
                     printable(pause.user()), pause.why().empty() ? "" : ": ",
                     printable(pause.why()), pause.messages());
}

std::string to_line(const ipc::QueueStatus& status, WallTime now) {
  std::string text = fmt::format("queue: {} active, {} deferred, {} held", status.active(),
                                 status.deferred(), status.held());
  if (status.deleted() > 0)
    text += fmt::format(", {} deleted ({} on disk)", status.deleted(),
                        short_size(status.deleted_octets()));
  if (status.oldest_us() != 0) text += fmt::format(", the oldest {}", age(status.oldest_us(), now));
  return text;
}

std::string to_text(const std::vector<ipc::Act>& acts) {
  std::vector<std::vector<std::string>> rows{{"TIME", "USER", "VERB", "MESSAGES", "WHAT", "WHY"}};
  for (const ipc::Act& act : acts) {
    rows.push_back({iso_time(act.time_us()), act.user(), act.verb(), std::to_string(act.messages()),
                    act.what(), act.why()});
    if (!act.failure().empty()) rows.push_back({"", "", "", "", "failed: " + act.failure()});
  }
  return table(rows);
}

std::string_view name_of(ipc::Role role) noexcept {
  switch (role) {
    case ipc::SMTPD: return "smtpd";
    case ipc::DELIVERD_LOCAL: return "deliverd@local";
    case ipc::DELIVERD_REMOTE: return "deliverd@remote";
    case ipc::ADMIN: return "postrider";
    default: return "unknown";
  }
}

}  // namespace postrider::ctl
