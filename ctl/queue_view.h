// queue_view.h - what queued says of its messages, as JSON and for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// Keys are stable; times are ISO 8601 in UTC, or null.
nlohmann::json time_or_null(std::int64_t us);
nlohmann::json to_json(const ipc::QueuedMessage& message);
nlohmann::json to_json(const ipc::SummaryRow& row);
nlohmann::json to_json(const ipc::Outage& outage);
nlohmann::json to_json(const ipc::QueueStatus& status);
nlohmann::json to_json(const ipc::Act& act);
nlohmann::json to_json(const ipc::Pause& pause);

// A line for the message and one for each recipient that waits. All of it is printable.
std::string to_line(const ipc::QueuedMessage& message, WallTime now);
// Everything that is known of it.
std::string to_text(const ipc::QueuedMessage& message, WallTime now);
std::string to_text(const std::vector<ipc::SummaryRow>& rows, WallTime now);
// A line without its break.
std::string to_line(const ipc::Outage& outage);
std::string to_line(const ipc::Pause& pause);
std::string to_line(const ipc::QueueStatus& status, WallTime now);
std::string to_text(const std::vector<ipc::Act>& acts);

// "smtpd", "deliverd@local", ...
std::string_view name_of(ipc::Role role) noexcept;

}  // namespace postrider::ctl
