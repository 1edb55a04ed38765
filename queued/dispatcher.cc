#include "queued/dispatcher.h"

#include <utility>

#include "common/base/check.h"

namespace postrider::queued {

DeliverdLink::~DeliverdLink() {
  for (const auto& [number, sent] : std::exchange(tickets_, {})) queue_.on_lost(sent.ticket);
}

DeliverdLink::OpenSource& DeliverdLink::open(const SourcePtr& file) {
  if (const auto it = sources_.find(file.get()); it != sources_.end()) return it->second;
  if (sources_.size() >= kSweepAt) sweep();
  OpenSource& source = sources_[file.get()];
  source.file = file;
  source.number = ++last_source_;
  ipc::Frame frame;
  frame.mutable_source()->set_number(source.number);
  channel_.send_with(frame, file->fd.get());
  return source;
}

void DeliverdLink::sweep() {
  for (auto it = sources_.begin(); it != sources_.end();) {
    if (it->second.jobs > 0 || it->second.file.use_count() > 1) {
      ++it;
      continue;
    }
    ipc::Frame frame;
    frame.mutable_source_closed()->set_number(it->second.number);
    channel_.send(frame);
    it = sources_.erase(it);
  }
}

void DeliverdLink::send(Order order) {
  OpenSource& source = open(order.source);
  ++source.jobs;
  ipc::Frame frame;
  *frame.mutable_job() = std::move(order.job);
  frame.mutable_job()->set_number(++last_job_);
  frame.mutable_job()->set_source(source.number);
  tickets_.emplace(last_job_, Sent{order.ticket, order.source.get()});
  channel_.send(frame);
}

void DeliverdLink::on_result(const ipc::JobResult& result) {
  const auto it = tickets_.find(result.number());
  if (it == tickets_.end()) return;
  const Sent sent = it->second;
  tickets_.erase(it);
  --sources_.at(sent.file).jobs;
  queue_.on_result(sent.ticket, result);
}

Dispatcher::Dispatcher(event::EventLoop& loop, Queue& queue) : loop_(loop), queue_(queue) {
  queue.set_on_work([this] { pump_later(); });
  for (const WorkKind kind : {WorkKind::local, WorkKind::remote}) queue.set_served(kind, false);
}

void Dispatcher::add(DeliverdLink& link) {
  links_.push_back(&link);
  queue_.set_served(link.kind(), true);
  pump_later();
}

void Dispatcher::remove(DeliverdLink& link) {
  links_.remove(&link);
  queue_.set_served(link.kind(), std::any_of(links_.begin(), links_.end(), [&](const auto* one) {
                      return one->kind() == link.kind();
                    }));
}

void Dispatcher::sweep() {
  for (DeliverdLink* const link : links_) link->sweep();
}

void Dispatcher::pump_later() {
  if (stopped_ || std::exchange(queued_, true)) return;
  loop_.defer([this] {
    queued_ = false;
    if (!stopped_) pump();
  });
}

void Dispatcher::pump() {
  for (const WorkKind kind : {WorkKind::local, WorkKind::remote})
    while (pump(kind)) {
    }
}

// One job to each link that may take one; false when there is no credit or no work left.
bool Dispatcher::pump(WorkKind kind) {
  bool sent = false;
  for (DeliverdLink* const link : links_) {
    if (link->kind() != kind || !link->has_credit()) continue;
    auto order = queue_.next_order(kind);
    if (!order) return false;
    link->send(std::move(*order));
    sent = true;
  }
  return sent;
}

}  // namespace postrider::queued
