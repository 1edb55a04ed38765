#include "common/event/event_loop.h"

#include <sys/eventfd.h>

#include <new>
#include <system_error>
#include <utility>

namespace postrider::event {

namespace {

// libevent returns null only when memory is exhausted.
template <typename T>
T* required(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

timeval to_timeval(std::chrono::microseconds span) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  return {.tv_sec = seconds.count(), .tv_usec = (span - seconds).count()};
}

event_base* new_base() {
  const Handle<event_config, &event_config_free> config(required(event_config_new()));
  // One thread owns the base: no locks. Changes of interest are gathered into one system call.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
  return required(event_base_new_with_config(config.get()));
}

int new_eventfd() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

EventLoop::EventLoop()
    : base_(new_base()),
      deferred_event_(required(event_new(base_.get(), -1, 0, &EventLoop::on_deferred, this))),
      wakeup_(new_eventfd()),
      wakeup_event_(required(event_new(base_.get(), wakeup_.get(), EV_READ | EV_ET | EV_PERSIST,
                                       &EventLoop::on_posted, this))) {
  event_add(wakeup_event_.get(), nullptr);
}

EventLoop::~EventLoop() {
  // What waits to be destroyed may own events of this loop.
  while (!doomed_.empty()) std::exchange(doomed_, {}).clear();
}

void EventLoop::run() {
  while (true) {
    now_.reset();
    if (event_base_loop(base_.get(), EVLOOP_ONCE) != 0) return;
    if (after_turn_) after_turn_();
    if (event_base_got_break(base_.get()) != 0) return;
  }
}

void EventLoop::stop() noexcept { event_base_loopbreak(base_.get()); }

void EventLoop::destroy_later(std::unique_ptr<Deferred> object) {
  doomed_.push_back(std::move(object));
  event_active(deferred_event_.get(), EV_TIMEOUT, 1);
}

void EventLoop::defer(Task task) {
  deferred_.push_back(std::move(task));
  event_active(deferred_event_.get(), EV_TIMEOUT, 1);
}

void EventLoop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  // One wake-up for all that gathers until the loop looks.
  if (first) eventfd_write(wakeup_.get(), 1);
}

namespace {

std::chrono::microseconds steady_now() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

std::chrono::microseconds EventLoop::now() const noexcept {
  if (!now_) now_ = steady_now();
  return *now_;
}

std::chrono::microseconds EventLoop::turn_time() const noexcept {
  return now_ ? steady_now() - *now_ : std::chrono::microseconds{0};
}

// Edge-triggered: each write wakes once, and the counter need not be read.
void EventLoop::on_posted(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<EventLoop*>(self)->run_posted();
}

void EventLoop::run_posted() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::on_deferred(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<EventLoop*>(self)->run_deferred();
}

void EventLoop::run_deferred() {
  auto tasks = std::exchange(deferred_, {});
  for (Task& task : tasks) task();
  tasks.clear();
  std::exchange(doomed_, {}).clear();
}

Timer::Timer(EventLoop& loop, UniqueFunction<void()> on_expiry)
    : on_expiry_(std::move(on_expiry)),
      event_(required(evtimer_new(loop.raw(), &Timer::expired, this))) {}

void Timer::arm(std::chrono::microseconds delay) {
  const timeval tv = to_timeval(delay);
  event_add(event_.get(), &tv);
}

void Timer::disarm() noexcept { event_del(event_.get()); }

bool Timer::armed() const noexcept { return event_pending(event_.get(), EV_TIMEOUT, nullptr) != 0; }

void Timer::expired(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Timer*>(self)->on_expiry_();
}

Signal::Signal(EventLoop& loop, int number, UniqueFunction<void()> on_signal)
    : on_signal_(std::move(on_signal)),
      event_(required(evsignal_new(loop.raw(), number, &Signal::received, this))) {
  event_add(event_.get(), nullptr);
}

void Signal::received(evutil_socket_t /*number*/, short /*events*/, void* self) noexcept {
  static_cast<Signal*>(self)->on_signal_();
}

Watch::Watch(EventLoop& loop, int fd, For what, UniqueFunction<void()> on_ready)
    : on_ready_(std::move(on_ready)),
      event_(required(
          event_new(loop.raw(), fd,
                    static_cast<short>((what == For::reading ? EV_READ : EV_WRITE) | EV_PERSIST),
                    &Watch::ready, this))) {}

void Watch::enable() {
  if (!std::exchange(enabled_, true)) event_add(event_.get(), nullptr);
}

void Watch::disable() noexcept {
  if (std::exchange(enabled_, false)) event_del(event_.get());
}

void Watch::ready(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Watch*>(self)->on_ready_();
}

}  // namespace postrider::event
