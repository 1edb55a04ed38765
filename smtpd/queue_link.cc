#include "smtpd/queue_link.h"

#include <algorithm>
#include <utility>

#include "common/ipc/messages.pb.h"
#include "common/net/connector.h"

namespace postrider::smtpd {

QueueLink::QueueLink(event::EventLoop& loop, std::string path, unsigned worker, log::Logger& log)
    : loop_(loop),
      path_(std::move(path)),
      worker_(worker),
      log_(log),
      retry_(loop, [this] { connect(); }),
      due_(loop, [this] { tell(); }) {
  connect();
}

void QueueLink::announce(const spool::SegmentProgress& progress) {
  progress_ = progress;
  if (!channel_) return;
  const auto left = told_at_ + kInterval - loop_.now();
  if (progress.sealed || left.count() <= 0) return tell();
  if (!due_.armed()) due_.arm(left);
}

void QueueLink::connect() {
  auto fd = net::connect_unix(path_);
  if (!fd) return retry_later(fd.error().text);
  ipc::Channel::Owner& owner = *this;
  channel_.emplace(loop_, std::move(*fd), owner);
  connected_at_ = loop_.now();
  log_.info("queue_link_up").with("worker", worker_);
  ipc::Frame frame;
  frame.mutable_hello()->set_role(ipc::SMTPD);
  frame.mutable_hello()->set_worker(worker_);
  channel_->send(frame);
  if (!progress_.segment.empty()) tell();
}

void QueueLink::tell() {
  due_.disarm();
  told_at_ = loop_.now();
  ipc::Frame frame;
  ipc::SegmentDurable& durable = *frame.mutable_segment_durable();
  durable.set_segment(progress_.segment);
  durable.set_durable(progress_.durable);
  durable.set_sealed(progress_.sealed);
  channel_->send(frame);
  if (channel_->unsent() > kMaxUnsent) retry_later("queued does not read");
}

// queued has nothing to tell smtpd yet; a later one may, and an earlier smtpd passes it over.
void QueueLink::on_frame(const ipc::Frame& /*frame*/, Fd /*descriptor*/) {}

void QueueLink::on_closed(const std::string& why) { retry_later(why); }

// A lost link is always said; that there is still none, not again.
void QueueLink::retry_later(std::string_view why) {
  const bool lived = channel_ && loop_.now() - connected_at_ >= kHealthyLife;
  if (lived) backoff_ = kMinBackoff;
  if (channel_ || backoff_ == kMinBackoff)
    log_.warning("queue_link_down").with("worker", worker_).with("reason", why);
  channel_.reset();
  due_.disarm();
  retry_.arm(backoff_);
  backoff_ = std::min<std::chrono::milliseconds>(backoff_ * 2, kMaxBackoff);
}

}  // namespace postrider::smtpd
