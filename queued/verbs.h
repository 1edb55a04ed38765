// verbs.h - what an operator does to messages, in memory and in queue.db at once.
//
// A verb that was begun is carried out, and logged, whether or not the one who asked is still
// there. queue.db keeps who did what; where it cannot be written, the log alone does.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "common/base/pending.h"
#include "common/config/settings.h"
#include "common/ipc/messages.pb.h"
#include "common/log/condition.h"
#include "common/log/log.h"
#include "queued/queue.h"
#include "queued/store_thread.h"

namespace postrider::queued {

// Who asks, as the kernel says.
struct Operator {
  unsigned uid = 0;
  std::string user;
};

class Verbs {
 public:
  struct Progress {
    std::uint64_t messages = 0;  // that were changed since it was told last
    bool end = false;
  };
  // Told after each portion, at the end, or why it went no further. Not called once the Pending is
  // gone.
  using OnProgress = std::function<void(const Result<Progress>&)>;

  // All outlive it.
  Verbs(Queue& queue, StoreThread& store, const config::Settings& settings, const Clock& clock,
        log::Logger& log);
  Verbs(const Verbs&) = delete;
  Verbs& operator=(const Verbs&) = delete;

  // `what`: the filter, in words.
  [[nodiscard]] PendingPtr carry_out(Act act, const Operator& by, std::string what,
                                     OnProgress on_progress);

  // Nothing more goes to the destination, as an operator names it, until it is resumed; `why` may
  // be empty. An Error of kind invalid: it names none; not_found: it was not paused.
  [[nodiscard]] PendingPtr pause(const std::string& name, const Operator& by, std::string why,
                                 OnProgress on_progress);
  [[nodiscard]] PendingPtr resume(const std::string& name, const Operator& by, std::string why,
                                  OnProgress on_progress);

 private:
  struct Running {
    std::shared_ptr<const Act> act;  // the other owner: the question that is with the store
    ipc::Act record;
    std::uint64_t ordinal = 0;        // among the acts of this queued's life
    std::int64_t number = 0;          // in queue.db; 0: it is not there
    std::weak_ptr<OnProgress> asker;  // the other owner: the Pending
    std::uint64_t told = 0;
    PendingPtr question;
  };
  using Place = std::list<Running>::iterator;

  ipc::Act record_of(std::string_view verb, const Operator& by, std::string what,
                     const std::string& why) const;
  void log(const ipc::Act& record);
  // `change` keeps it in queue.db; once it does, `conclude` does the same in memory.
  PendingPtr change_destination(ipc::Act record,
                                std::function<Result<void>(Store&, const ipc::Act&)> change,
                                std::function<void()> conclude, OnProgress on_progress);
  void begin(Place place);
  void go_on(Place place, const std::string& after);
  void end(Place place, const Error* failure);
  void note_kept(const Error* failure);
  void tell(Running& running, bool last);

  Queue& queue_;
  StoreThread& store_;
  const config::Settings& settings_;
  const Clock& clock_;
  log::Logger& log_;
  log::Condition not_kept_;
  std::uint64_t last_ordinal_ = 0;
  std::list<Running> running_;
  std::list<PendingPtr> changes_;  // of destinations, on their way
};

}  // namespace postrider::queued
