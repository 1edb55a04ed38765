// worker.h - a worker's side of the conversation with queued: takes jobs, sends results.
//
// queued is found at its socket and looked for again, later and later, when it goes away. Jobs that
// were taken under an earlier connection are finished, but nobody is told: queued gives them out
// again, marked as repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/base/fd.h"
#include "common/event/event_loop.h"
#include "common/ipc/channel.h"
#include "common/ipc/messages.pb.h"
#include "common/log/log.h"
#include "deliverd/delivery.h"

namespace postrider::deliverd {

class Worker final : private ipc::Channel::Owner {
 public:
  static constexpr std::chrono::milliseconds kMinBackoff{50};
  static constexpr std::chrono::milliseconds kMaxBackoff{2000};
  // Jobs under way have this long to end after stop(); less than event::Prefork::kGrace.
  static constexpr std::chrono::seconds kGrace{5};

  struct Options {
    std::string socket;  // <run>/queued.sock
    ipc::Role role = ipc::UNKNOWN_ROLE;
    unsigned number = 0;  // of this worker within its daemon
    unsigned credit = 0;  // jobs taken at once
  };

  // The references outlive the Worker. `on_stopped` runs once, after stop().
  Worker(event::EventLoop& loop, Options options, Delivery& delivery, log::Logger& log,
         UniqueFunction<void()> on_stopped);

  // Connects to queued, now or as soon as it is there.
  void start();
  // Takes no more jobs and ends when queued has the results of those under way, or kGrace is over.
  void stop();
  // Jobs under way.
  std::size_t jobs() const noexcept { return jobs_; }

 private:
  void on_frame(const ipc::Frame& frame, Fd descriptor) override;
  void on_closed(const std::string& why) override;

  void connect();
  void retry_later(const std::string& why);
  void take(const ipc::Job& job);
  void end(const ipc::JobResult& result, std::uint64_t connection);
  void refuse(const ipc::Job& job);
  void give_back(const ipc::Job& job);
  void send(ipc::JobResult result);

  event::EventLoop& loop_;
  const Options options_;
  Delivery& delivery_;
  log::Logger& log_;
  UniqueFunction<void()> on_stopped_;
  event::Timer retry_;
  event::Timer grace_;
  std::chrono::milliseconds backoff_ = kMinBackoff;
  std::unique_ptr<ipc::Channel> channel_;
  std::uint64_t connection_ = 0;  // counts connections to queued
  // By queued's number. Second owners: the jobs under way, which keep the file open.
  std::unordered_map<std::uint32_t, std::shared_ptr<const Fd>> sources_;
  std::size_t jobs_ = 0;  // under way, of all connections
  bool stopping_ = false;
};

}  // namespace postrider::deliverd
