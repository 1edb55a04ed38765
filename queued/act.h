// act.h - what an operator wants to be done, and to which messages.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/ipc/messages.pb.h"
#include "queued/selection.h"

namespace postrider::queued {

// An operator's verb on messages.
struct Verb {
  ipc::AdminRequest::Verb request;
  std::string_view name;  // as in the command
  States of;              // what it can be done to; of the active ones those that are in memory
  Wish wish;              // that a message in memory then has
};
// Null: a request that is no verb on messages.
const Verb* find_verb(ipc::AdminRequest::Verb request) noexcept;

struct Act {
  const Verb& verb;  // of the table
  Selection selection;
  std::string why;  // the operator's reason, which the message keeps while it is held
  std::string via;  // of ROUTE: as in a [[route]]; empty: what the configuration says

  // What goes that way already is not meant.
  void set_via(std::string route) {
    selection.leave_out(route);
    via = std::move(route);
  }
};

}  // namespace postrider::queued
