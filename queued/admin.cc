#include "queued/admin.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "common/ipc/messages.pb.h"
#include "queued/description.h"

namespace postrider::queued {

namespace {

using Verb = ipc::AdminRequest;

ipc::AdminReply last_reply() {
  ipc::AdminReply reply;
  reply.set_end(true);
  return reply;
}

// With how much waits for each; those for which the most does, as many as a summary has rows.
std::vector<ipc::Outage> largest(std::vector<ipc::Outage> outages,
                                 const std::vector<Backlog>& behind) {
  std::unordered_map<std::string_view, std::uint64_t> messages;
  for (const Backlog& one : behind) messages.emplace(one.destination, one.messages);
  for (ipc::Outage& outage : outages)
    if (const auto it = messages.find(outage.destination()); it != messages.end())
      outage.set_messages(it->second);
  std::stable_sort(outages.begin(), outages.end(),
                   [](const auto& a, const auto& b) { return a.messages() > b.messages(); });
  outages.resize(std::min(outages.size(), StoreReader::kSummaryRows));
  return outages;
}

}  // namespace

void AdminLink::on_request(const ipc::AdminRequest& request) {
  if (question_ || listing_) return refuse("one request at a time: wait for its last reply");
  request_ = request;
  answer(request);
}

void AdminLink::answer(const ipc::AdminRequest& request) {
  switch (request.verb()) {
    case Verb::STATUS: return status();
    case Verb::LIST: return list();
    case Verb::SHOW: return show(request);
    case Verb::CAT: return cat(request);
    case Verb::SUMMARY: return summarize();
    case Verb::HOLD: question_ = parts_.verbs.hold(request.filter(), count()); return;
    case Verb::RELEASE: question_ = parts_.verbs.release(request.filter(), count()); return;
    case Verb::RETRY: question_ = parts_.verbs.retry(request.filter(), count()); return;
    case Verb::DELETE: question_ = parts_.verbs.remove(request.filter(), count()); return;
    default: return refuse("this queued does not know that request");
  }
}

void AdminLink::reply(const ipc::AdminReply& reply) {
  ipc::Frame frame;
  *frame.mutable_admin_reply() = reply;
  parts_.channel.send(frame);
}

void AdminLink::refuse(const std::string& why) {
  ipc::AdminReply answer = last_reply();
  answer.set_error(why);
  reply(answer);
}

Verbs::Done AdminLink::count() {
  return [this](const Result<std::uint64_t>& messages) {
    question_.reset();
    if (!messages) return refuse(messages.error().text);
    ipc::AdminReply answer = last_reply();
    answer.set_count(*messages);
    reply(answer);
  };
}

// What is in memory first, then the old generation, portion by portion as the reader keeps up.
void AdminLink::list() {
  ipc::AdminReply active;
  std::size_t octets = 0;
  for (auto& message : parts_.queue.list(request_.filter())) {
    octets += message.ByteSizeLong();
    *active.add_messages() = std::move(message);
    if (octets < kDescribedOctets) continue;
    reply(active);
    active.clear_messages();
    octets = 0;
  }
  reply(active);
  listing_ = true;
  after_.clear();
  on_drained();
}

void AdminLink::on_drained() {
  if (!listing_ || question_) return;
  question_ = parts_.store.read([filter = request_.filter(), after = after_](
                                    StoreReader& store) { return store.list(filter, after); },
                                [this](Result<Portion> portion) {
                                  question_.reset();
                                  if (!portion) {
                                    listing_ = false;
                                    return refuse(portion.error().text);
                                  }
                                  ipc::AdminReply answer;
                                  for (auto& message : portion->messages)
                                    *answer.add_messages() = std::move(message);
                                  after_ = portion->last_id;
                                  listing_ = !after_.empty();
                                  answer.set_end(!listing_);
                                  reply(answer);
                                  if (parts_.channel.unsent() < kMaxUnsent) on_drained();
                                });
}

void AdminLink::show(const ipc::AdminRequest& request) {
  if (request.filter().ids_size() != 1) return refuse("show takes one id");
  auto active = parts_.queue.list(request.filter());
  if (!active.empty()) {
    ipc::AdminReply answer = last_reply();
    *answer.add_messages() = std::move(active.front());
    return reply(answer);
  }
  question_ = parts_.store.read(
      [filter = request.filter()](StoreReader& store) { return store.list(filter, {}); },
      [this](Result<Portion> found) {
        question_.reset();
        if (!found) return refuse(found.error().text);
        if (found->messages.empty())
          return refuse(fmt::format("no message {} in the queue", request_.filter().ids(0)));
        ipc::AdminReply answer = last_reply();
        *answer.add_messages() = std::move(found->messages.front());
        reply(answer);
      });
}

void AdminLink::cat(const ipc::AdminRequest& request) {
  const auto id =
      request.filter().ids_size() == 1 ? MessageId::parse(request.filter().ids(0)) : std::nullopt;
  if (!id) return refuse("cat takes one id of 20 letters and digits");
  const auto send = [this](const MessageData& data, std::uint64_t offset, int fd) {
    ipc::Frame frame;
    ipc::AdminReply& answer = *frame.mutable_admin_reply();
    answer.set_end(true);
    answer.mutable_content()->set_offset(offset);
    answer.mutable_content()->set_length(data.content_length);
    answer.mutable_content()->set_trace(data.envelope.trace());
    parts_.channel.send_with(frame, fd);
  };
  if (Message* const message = parts_.queue.find(*id)) {
    const auto source = parts_.queue.open_source(*message);
    if (!source) return refuse(source.error().text);
    return send(message->data, message->content_offset, (*source)->fd.get());
  }
  question_ = parts_.store.read([id = *id](StoreReader& store) { return store.open_content(id); },
                                [this, send](const Result<StoredContent>& content) {
                                  question_.reset();
                                  if (!content) return refuse(content.error().text);
                                  send(content->data, 0, content->fd.get());
                                });
}

void AdminLink::summarize() {
  using Sums = std::pair<Result<std::vector<ipc::SummaryRow>>, Result<std::vector<Backlog>>>;
  question_ = parts_.store.read(
      [](StoreReader& store) {
        return Sums(store.summarize(), store.behind(Scheduler::kMaxRemembered));
      },
      [this](const Sums& sums) {
        question_.reset();
        if (!sums.first) return refuse(sums.first.error().text);
        if (!sums.second) return refuse(sums.second.error().text);
        ipc::AdminReply answer = last_reply();
        for (auto& row : parts_.queue.summarize()) *answer.add_summary() = std::move(row);
        for (const auto& row : *sums.first) *answer.add_summary() = row;
        for (auto& outage : largest(parts_.queue.outages(), *sums.second))
          *answer.add_outages() = std::move(outage);
        reply(answer);
      });
}

void AdminLink::status() {
  question_ = parts_.store.read([](StoreReader& store) { return store.count(); },
                                [this](const Result<Counts>& counts) {
                                  question_.reset();
                                  if (!counts) return refuse(counts.error().text);
                                  ipc::AdminReply answer = last_reply();
                                  ipc::QueueStatus& status = *answer.mutable_status();
                                  status.set_active(parts_.queue.active());
                                  status.set_deferred(counts->deferred);
                                  status.set_held(counts->held);
                                  const std::int64_t young = parts_.queue.oldest_us();
                                  status.set_oldest_us(young == 0 ? counts->oldest_us
                                                       : counts->oldest_us == 0
                                                           ? young
                                                           : std::min(young, counts->oldest_us));
                                  parts_.describe_service(status);
                                  reply(answer);
                                });
}

}  // namespace postrider::queued
