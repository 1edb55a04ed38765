// dispatcher.h - hands the queue's work to the deliverds that are connected, by credit.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "common/ipc/channel.h"
#include "queued/queue.h"

namespace postrider::queued {

// One connected deliverd worker.
class DeliverdLink {
 public:
  // Open sources without a job, at which the link looks for some to be closed.
  static constexpr std::size_t kSweepAt = 32;

  // Both outlive the link. `credit`: jobs that the worker takes at once.
  DeliverdLink(Queue& queue, ipc::Channel& channel, WorkKind kind, std::uint32_t credit)
      : queue_(queue), channel_(channel), kind_(kind), credit_(credit) {}
  // Gives its jobs back to the queue.
  ~DeliverdLink();
  DeliverdLink(const DeliverdLink&) = delete;
  DeliverdLink& operator=(const DeliverdLink&) = delete;

  WorkKind kind() const noexcept { return kind_; }
  std::size_t jobs() const noexcept { return tickets_.size(); }
  bool has_credit() const noexcept { return tickets_.size() < credit_; }

  // Closes sources that nothing but this link refers to, so that the space of removed files is
  // free.
  void sweep();

  void send(Order order);
  void on_result(const ipc::JobResult& result);

 private:
  struct OpenSource {
    SourcePtr file;
    std::uint32_t number = 0;
    std::uint64_t jobs = 0;
  };
  struct Sent {
    std::uint64_t ticket = 0;
    const SourceFile* file = nullptr;
  };

  OpenSource& open(const SourcePtr& file);

  Queue& queue_;
  ipc::Channel& channel_;
  WorkKind kind_;
  std::uint32_t credit_;
  std::unordered_map<std::uint64_t, Sent> tickets_;  // by job number
  std::unordered_map<const SourceFile*, OpenSource> sources_;
  std::uint64_t last_job_ = 0;
  std::uint32_t last_source_ = 0;
};

// Spreads the work over the links: each in turn, one job at a time, as long as there is credit.
class Dispatcher {
 public:
  // Both outlive the Dispatcher.
  Dispatcher(event::EventLoop& loop, Queue& queue);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void add(DeliverdLink& link);
  void remove(DeliverdLink& link);

  // Lets go of files that are no longer needed: now and then.
  void sweep();

  // Hands out nothing more: what is under way may still end.
  void stop() noexcept { stopped_ = true; }

  // Hands out what can be handed out, once this turn is over.
  void pump_later();

 private:
  void pump();
  bool pump(WorkKind kind);

  event::EventLoop& loop_;
  Queue& queue_;
  std::list<DeliverdLink*> links_;
  bool queued_ = false;
  bool stopped_ = false;
};

}  // namespace postrider::queued
