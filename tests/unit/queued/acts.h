// acts.h - what operators want, in a test's words.
#pragma once

#include <string>

#include "queued/act.h"

namespace postrider::test {

inline queued::Act act_of(ipc::AdminRequest::Verb request, const ipc::Filter& filter,
                          const std::string& why = {}) {
  const queued::Verb& verb = *queued::find_verb(request);
  return {.verb = verb, .selection = queued::Selection(filter, verb.of), .why = why};
}

inline ipc::Filter all_messages() {
  ipc::Filter filter;
  filter.set_all(true);
  return filter;
}

inline ipc::Filter message_of(const std::string& id) {
  ipc::Filter filter;
  filter.add_ids(id);
  return filter;
}

}  // namespace postrider::test
