// event_loop.h - the one event loop of a worker, its timers, and work handed to it.
//
// Everything here belongs to the thread that runs the loop, except post().
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <event2/event.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/base/unique_function.h"

namespace postrider::event {

// An object that its owner may give to EventLoop::destroy_later() from inside one of its own
// functions.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual ~Deferred() = default;
};

class EventLoop {
 public:
  using Task = UniqueFunction<void()>;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop().
  void run();
  // Ends run() after the callback that is running now.
  void stop() noexcept;

  // Destroys `object` from the loop, once the stack has unwound.
  void destroy_later(std::unique_ptr<Deferred> object);

  // Runs `task` on the loop's thread, later. From any thread; tasks run in the order posted.
  // Tasks still waiting when the loop is destroyed are dropped without being run.
  void post(Task task);

  // Runs `task` once this turn's callbacks have run. From the loop's own thread only.
  void defer(Task task);

  // Called at the end of each turn in which something happened; one function, for the logger.
  void set_after_turn(Task task) { after_turn_ = std::move(task); }

  // Monotonic time as of the start of this turn, or before run() of the first call: for time-outs.
  std::chrono::microseconds now() const noexcept;
  // How long this turn has taken so far, from the first look at now().
  std::chrono::microseconds turn_time() const noexcept;

  event_base* raw() noexcept { return base_.get(); }

 private:
  static void on_posted(evutil_socket_t fd, short events, void* self) noexcept;
  static void on_deferred(evutil_socket_t fd, short events, void* self) noexcept;
  void run_posted();
  void run_deferred();

  Handle<event_base, &event_base_free> base_;
  Handle<::event, &event_free> deferred_event_;
  mutable std::optional<std::chrono::microseconds> now_;
  Fd wakeup_;
  Handle<::event, &event_free> wakeup_event_;
  std::vector<std::unique_ptr<Deferred>> doomed_;
  std::vector<Task> deferred_;
  Task after_turn_;
  std::mutex mutex_;
  std::vector<Task> posted_;  // guarded by mutex_
};

// Calls a function once, after a delay. Destroying the Timer disarms it. The function may arm the
// Timer again, and may destroy it as its last act.
class Timer {
 public:
  Timer(EventLoop& loop, UniqueFunction<void()> on_expiry);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces an earlier time. `delay` >= 0.
  void arm(std::chrono::microseconds delay);
  void disarm() noexcept;
  bool armed() const noexcept;

 private:
  static void expired(evutil_socket_t fd, short events, void* self) noexcept;

  UniqueFunction<void()> on_expiry_;
  Handle<::event, &event_free> event_;
};

// Calls a function whenever the process gets a signal. Destroying it restores the default.
class Signal {
 public:
  Signal(EventLoop& loop, int number, UniqueFunction<void()> on_signal);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  static void received(evutil_socket_t number, short events, void* self) noexcept;

  UniqueFunction<void()> on_signal_;
  Handle<::event, &event_free> event_;
};

// Calls a function while a descriptor is readable (or writable). Does not own the descriptor.
class Watch {
 public:
  enum class For { reading, writing };
  Watch(EventLoop& loop, int fd, For what, UniqueFunction<void()> on_ready);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void enable();
  void disable() noexcept;

 private:
  static void ready(evutil_socket_t fd, short events, void* self) noexcept;

  UniqueFunction<void()> on_ready_;
  Handle<::event, &event_free> event_;
  bool enabled_ = false;
};

}  // namespace postrider::event
