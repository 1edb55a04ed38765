#include "ctl/message_list.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/context.h"
#include "ctl/queue_reason.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kBegins = "{\"messages\": [\n";

}  // namespace

void MessageList::show(const ipc::AdminReply& reply) {
  for (const ipc::QueuedMessage& message : reply.messages()) {
    if (json_) {
      fmt::print("{}{}", count_ == 0 ? kBegins : ",\n", one_line(to_json(message)));
    } else {
      add(message);
    }
    ++count_;
  }
}

void MessageList::add(const ipc::QueuedMessage& message) {
  const std::string reason = reason_of(message);
  const bool fits = groups_.contains(reason) || groups_.size() < kReasons;
  Group& group = groups_[fits ? reason : std::string(kOtherReasons)];
  ++group.messages;
  if (group.shown.size() >= kShown || octets_ >= kOctets) return;
  octets_ += group.shown.emplace_back(to_line(message, now_)).size();
}

void MessageList::end(const nlohmann::json& more) {
  if (!json_) return show_groups();
  fmt::print("{}\n]", count_ == 0 ? kBegins : "");
  for (const auto& [key, value] : more.items())
    fmt::print(", {}: {}", one_line(key), one_line(value));
  fmt::print("}}\n");
}

void MessageList::show_groups() const {
  std::vector<std::pair<const std::string, Group> const*> groups;
  for (const auto& group : groups_) groups.push_back(&group);
  std::stable_sort(groups.begin(), groups.end(), [](const auto* a, const auto* b) {
    return a->second.messages > b->second.messages;
  });
  for (const auto* const group : groups) {
    const auto& [reason, of_it] = *group;
    fmt::print("{}{} message{}: {}\n", group == groups.front() ? "" : "\n", of_it.messages,
               of_it.messages == 1 ? "" : "s", printable(reason));
    for (const std::string& message : of_it.shown) fmt::print("{}", message);
    if (of_it.messages > of_it.shown.size())
      fmt::print("and {} more: --json lists all\n", of_it.messages - of_it.shown.size());
  }
}

}  // namespace postrider::ctl
