// notify.h - of what the sender wants to be told for one recipient: the NOTIFY parameter of RCPT.
//
// RFC 3461 section 4.1: notify-list = "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::smtp {

// As it stands, it holds where the sender did not say.
struct Notify {
  bool success = false;
  bool failure = true;
  bool delay = true;
  bool operator==(const Notify&) const = default;
};

// In any case and order; nothing where `value` is no notify-list.
std::optional<Notify> parse_notify(std::string_view value);
// As a command says it.
std::string to_value(const Notify& notify);

}  // namespace postrider::smtp
