#include "deliverd/worker.h"

#include <algorithm>
#include <utility>

#include "common/net/connector.h"

namespace postrider::deliverd {

Worker::Worker(event::EventLoop& loop, Options options, Delivery& delivery, log::Logger& log,
               UniqueFunction<void()> on_stopped)
    : loop_(loop),
      options_(std::move(options)),
      delivery_(delivery),
      log_(log),
      on_stopped_(std::move(on_stopped)),
      retry_(loop, [this] { connect(); }),
      grace_(loop, [this] { on_stopped_(); }) {}

void Worker::start() { connect(); }

void Worker::stop() {
  if (std::exchange(stopping_, true)) return;
  retry_.disarm();
  grace_.arm(jobs_ == 0 && !channel_ ? std::chrono::seconds{0} : kGrace);
  if (!channel_) return;
  ipc::Frame frame;
  frame.mutable_leaving();
  channel_->send(frame);
}

void Worker::connect() {
  auto socket = net::connect_unix(options_.socket);
  if (!socket) return retry_later(socket.error().text);
  ++connection_;
  channel_ = std::make_unique<ipc::Channel>(loop_, std::move(*socket),
                                            static_cast<ipc::Channel::Owner&>(*this));
  ipc::Frame frame;
  ipc::Hello& hello = *frame.mutable_hello();
  hello.set_role(options_.role);
  hello.set_worker(options_.number);
  hello.set_credit(options_.credit);
  channel_->send(frame);
}

void Worker::retry_later(const std::string& why) {
  if (stopping_) return;
  log_.debug("queued_not_reachable").with("reason", why).with("retry_in_ms", backoff_.count());
  retry_.arm(backoff_);
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
}

void Worker::on_closed(const std::string& why) {
  if (!stopping_) log_.warning("queued_lost").with("reason", why).with("jobs", jobs_);
  // Not destroyed inside its own call.
  loop_.defer([old = std::move(channel_)] {});
  sources_.clear();
  if (stopping_ && jobs_ == 0) grace_.arm(std::chrono::seconds{0});
  retry_later(why);
}

void Worker::on_frame(const ipc::Frame& frame, Fd descriptor) {
  backoff_ = kMinBackoff;
  switch (frame.body_case()) {
    case ipc::Frame::kSource:
      sources_[frame.source().number()] = std::make_shared<const Fd>(std::move(descriptor));
      return;
    case ipc::Frame::kSourceClosed: sources_.erase(frame.source_closed().number()); return;
    case ipc::Frame::kJob: return take(frame.job());
    default:
      log_.error("unexpected_frame").with("kind", static_cast<int>(frame.body_case()));
      return;
  }
}

void Worker::take(const ipc::Job& job) {
  if (stopping_) return give_back(job);
  const auto found = sources_.find(job.source());
  if (found == sources_.end() || !*found->second) return refuse(job);
  ++jobs_;
  delivery_.deliver(job, found->second->get(),
                    [this, source = found->second, connection = connection_](
                        const ipc::JobResult& result) { end(result, connection); });
}

void Worker::end(const ipc::JobResult& result, std::uint64_t connection) {
  --jobs_;
  if (connection == connection_) send(result);
  if (stopping_ && jobs_ == 0 && !channel_) grace_.arm(std::chrono::seconds{0});
}

// A job without its file: temporary, whatever the reason.
void Worker::refuse(const ipc::Job& job) {
  log_.error("source_unknown").id(job.message_id()).with("source", job.source());
  ipc::JobResult result;
  result.set_number(job.number());
  for (const ipc::JobRecipient& recipient : job.recipients()) {
    ipc::RecipientResult& deferred = *result.add_recipients();
    deferred.set_index(recipient.index());
    deferred.set_status("4.3.0");
    deferred.set_reply("the message could not be opened");
  }
  send(std::move(result));
}

// It came while we were leaving: others attempt it, at once.
void Worker::give_back(const ipc::Job& job) {
  ipc::JobResult result;
  result.set_number(job.number());
  result.set_postponed_us(1);
  send(std::move(result));
}

void Worker::send(ipc::JobResult result) {
  if (!channel_) return;
  ipc::Frame frame;
  *frame.mutable_job_result() = std::move(result);
  channel_->send(frame);
}

}  // namespace postrider::deliverd
