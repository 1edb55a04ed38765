#include "queued/act.h"

#include <algorithm>
#include <array>

namespace postrider::queued {

namespace {

using Request = ipc::AdminRequest;

constexpr States kGoingOn{.deferred = true, .active = true};

constexpr std::array kVerbs{
    Verb{Request::HOLD, "hold", kGoingOn, Wish::hold},
    Verb{Request::RELEASE, "release", {.held = true}, Wish::attempt},
    Verb{Request::RETRY, "retry", {.deferred = true}, Wish::attempt},
    Verb{Request::EXPIRE, "expire", kInQueue, Wish::expire},
    Verb{Request::DELETE, "delete", kInQueue, Wish::remove},
    Verb{Request::ERASE, "delete --now", kAnyState, Wish::erase},
    Verb{Request::ROUTE, "route", kInQueue, Wish::attempt},
    Verb{Request::UNDELETE, "undelete", {.deleted = true}, Wish::attempt},
};

}  // namespace

const Verb* find_verb(ipc::AdminRequest::Verb request) noexcept {
  const auto found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                  [&](const Verb& verb) { return verb.request == request; });
  return found == kVerbs.end() ? nullptr : &*found;
}

}  // namespace postrider::queued
