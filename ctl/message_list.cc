#include "ctl/message_list.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/context.h"
#include "ctl/queue_view.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kBegins = "{\"messages\": [\n";

}  // namespace

void MessageList::show(const ipc::AdminReply& reply) {
  for (const ipc::QueuedMessage& message : reply.messages()) {
    if (json_) {
      fmt::print("{}{}", shown_ == 0 ? kBegins : ",\n", one_line(to_json(message)));
    } else {
      fmt::print("{}", to_line(message, now_));
    }
    ++shown_;
  }
}

void MessageList::end(const nlohmann::json& more) {
  if (!json_) return;
  fmt::print("{}\n]", shown_ == 0 ? kBegins : "");
  for (const auto& [key, value] : more.items())
    fmt::print(", {}: {}", one_line(key), one_line(value));
  fmt::print("}}\n");
}

}  // namespace postrider::ctl
