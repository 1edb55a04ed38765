// queue_link.h - tells queued how far this worker's segment is durable.
//
// A courtesy: queued reads the spool itself when it starts. While it is away mail is accepted all
// the same, and a link that comes back begins with where the segment stands now.
#pragma once

#include <optional>
#include <string>

#include "common/event/event_loop.h"
#include "common/ipc/channel.h"
#include "common/log/log.h"
#include "common/spool/progress.h"

namespace postrider::smtpd {

class QueueLink final : private ipc::Channel::Owner {
 public:
  static constexpr std::chrono::milliseconds kMinBackoff{100};
  static constexpr std::chrono::seconds kMaxBackoff{5};
  // A link that lived this long was well: what ends it is met with kMinBackoff again. One that is
  // ended sooner counts as refused, so that a queued that shows smtpd out is not asked without end.
  static constexpr std::chrono::seconds kHealthyLife{10};
  // How often queued is woken at most, as it works better on much at once. What comes alone is told
  // at once, and so is the end of a segment.
  static constexpr std::chrono::milliseconds kInterval{5};
  // A queued that reads nothing is left alone until it does.
  static constexpr std::size_t kMaxUnsent = 1U << 20U;

  // `loop` and `log` outlive the link. Connects to the socket at `path`, now and whenever the
  // connection is lost.
  QueueLink(event::EventLoop& loop, std::string path, unsigned worker, log::Logger& log);
  QueueLink(const QueueLink&) = delete;
  QueueLink& operator=(const QueueLink&) = delete;

  void announce(const spool::SegmentProgress& progress);

  bool connected() const noexcept { return channel_.has_value(); }

 private:
  void on_frame(const ipc::Frame& frame, Fd descriptor) override;
  void on_closed(const std::string& why) override;

  void connect();
  void retry_later(std::string_view why);
  void tell();

  event::EventLoop& loop_;
  const std::string path_;
  const unsigned worker_;
  log::Logger& log_;
  spool::SegmentProgress progress_;  // the last announced
  std::optional<ipc::Channel> channel_;
  std::chrono::microseconds connected_at_{0};  // EventLoop::now()
  std::chrono::microseconds told_at_{0};       // as well
  std::chrono::milliseconds backoff_ = kMinBackoff;
  event::Timer retry_;
  event::Timer due_;  // armed while `progress_` is not told
};

}  // namespace postrider::smtpd
