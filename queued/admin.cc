#include "queued/admin.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/config/next_hops.h"
#include "common/ipc/messages.pb.h"
#include "queued/description.h"

namespace postrider::queued {

namespace {

using Request = ipc::AdminRequest;

// Octets of an operator's reason, and of each pattern, id and destination.
constexpr std::size_t kMaxText = 500;

bool is_bounded(const ipc::AdminRequest& request) {
  const ipc::Filter& filter = request.filter();
  const auto fits = [](const std::string& text) { return text.size() <= kMaxText; };
  return fits(request.why()) && fits(request.via()) && fits(request.destination()) &&
         fits(filter.domain()) && fits(filter.sender()) && fits(filter.recipient()) &&
         fits(filter.state()) && fits(filter.reason()) && fits(filter.host()) &&
         std::all_of(filter.ids().begin(), filter.ids().end(), fits);
}

ipc::AdminReply last_reply() {
  ipc::AdminReply reply;
  reply.set_end(true);
  return reply;
}

// In the words of the command.
std::string what_of(const ipc::AdminRequest& request) {
  const std::string filter = to_text(request.filter());
  if (request.verb() != Request::ROUTE) return filter;
  return fmt::format("--to {} {}", request.via().empty() ? "default" : request.via(), filter);
}

// What is deleted is listed where it is asked for by name.
States states_of(const ipc::Filter& filter) {
  return filter.state() == word_for(MessageState::deleted) ? kAnyState : kInQueue;
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

// An answer of many rows, in frames of about kDescribedOctets: far from Channel::kMaxFrame.
class AdminLink::LongAnswer {
 public:
  explicit LongAnswer(AdminLink& link) : link_(link) {}

  // Where a row of so many octets is to be added.
  ipc::AdminReply& with(std::size_t octets) {
    if (octets_ > 0 && octets_ + octets > kDescribedOctets) send();
    octets_ += octets;
    return reply_;
  }
  // What has gathered goes out; be it nothing, so that the one who waits hears that it goes on.
  void send() {
    octets_ = 0;
    link_.reply(reply_);
    reply_.Clear();
  }
  // The last of the reply.
  void end() {
    reply_.set_end(true);
    link_.reply(reply_);
  }

 private:
  AdminLink& link_;
  ipc::AdminReply reply_;
  std::size_t octets_ = 0;
};

void AdminLink::on_request(const ipc::AdminRequest& request) {
  if (question_ || listed_) return refuse("one request at a time: wait for its last reply");
  request_ = request;
  answer(request);
}

void AdminLink::answer(const ipc::AdminRequest& request) {
  if (!is_bounded(request))
    return refuse(
        fmt::format("a reason, a pattern, an id, a destination has at most {} octets", kMaxText));
  const Verb* const verb = find_verb(request.verb());
  const bool changes =
      verb != nullptr || request.verb() == Request::PAUSE || request.verb() == Request::RESUME;
  if (!parts_.may_change && (changes || request.verb() == Request::CAT))
    return refuse("this user may see the queue, but neither change it nor read mail");
  if (verb != nullptr) return act(request, *verb);
  switch (request.verb()) {
    case Request::STATUS: return status();
    case Request::LIST: return list(Selection(request.filter(), states_of(request.filter())));
    case Request::SHOW: return show(request);
    case Request::CAT: return cat(request);
    case Request::SUMMARY: return summarize();
    case Request::AUDIT: return acts();
    case Request::OVERVIEW: return overview();
    case Request::PAUSE:
      question_ = parts_.verbs.pause(request.destination(), parts_.by, request.why(), tell());
      return;
    case Request::RESUME:
      question_ = parts_.verbs.resume(request.destination(), parts_.by, request.why(), tell());
      return;
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

void AdminLink::act(const ipc::AdminRequest& request, const Verb& verb) {
  Act act{.verb = verb, .selection = Selection(request.filter(), verb.of), .why = request.why()};
  if (verb.request == Request::ROUTE) {
    if (!request.via().empty() && !config::is_next_hop(request.via()))
      return refuse(fmt::format("{}: a next hop is {}", request.via(), config::kNextHopForms));
    act.set_via(request.via());
  }
  act.selection.leave_out_ending();
  if (verb.request == Request::EXPIRE) act.selection.leave_out_expired();
  if (request.dry_run()) return list(std::move(act.selection));
  if (verb.wish == Wish::hold && act.why.empty()) act.why = "held by the operator";
  question_ = parts_.verbs.carry_out(std::move(act), parts_.by, what_of(request), tell());
}

Verbs::OnProgress AdminLink::tell() {
  return [this](const Result<Verbs::Progress>& progress) {
    if (!progress || progress->end) question_.reset();
    if (!progress) return refuse(progress.error().text);
    ipc::AdminReply answer;
    answer.set_end(progress->end);
    answer.set_count(progress->messages);
    reply(answer);
  };
}

// What is in memory first, then the old generation, portion by portion as the reader keeps up.
void AdminLink::list(Selection selection) {
  LongAnswer active(*this);
  shown_.clear();
  for (auto& message : parts_.queue.list(selection)) {
    shown_.insert(message.id());
    *active.with(message.ByteSizeLong()).add_messages() = std::move(message);
  }
  // Who names messages that are all in memory needs no disk.
  if (!shown_.empty() && shown_.size() == selection.ids().size()) return active.end();
  active.send();
  listed_ = std::make_shared<const Selection>(std::move(selection));
  after_ = "";
  on_drained();
}

void AdminLink::on_drained() {
  if (!listed_ || question_) return;
  auto done = [this](Result<Portion> portion) { on_portion(std::move(portion)); };
  question_ =
      unseen_.empty()
          ? parts_.store.read([selection = listed_, after = *after_](
                                  StoreReader& store) { return store.list(*selection, after); },
                              std::move(done))
          : parts_.store.ask([selection = listed_->among(unseen_)](
                                 Store& store) { return store.list(selection, {}); },
                             std::move(done));
}

void AdminLink::on_portion(Result<Portion> portion) {
  question_.reset();
  if (!portion) {
    listed_.reset();
    unseen_.clear();
    return refuse(portion.error().text);
  }
  LongAnswer answer(*this);
  Selection::Ids active = add_portion(answer, *portion);
  const std::string& last = portion->last_id;
  if (unseen_.empty()) {
    unseen_ = std::move(active);
    after_ = last.empty() ? std::nullopt : std::optional(last);
  } else {
    unseen_.erase(unseen_.begin(), last.empty() ? unseen_.end() : unseen_.upper_bound(last));
  }
  if (!after_ && unseen_.empty()) {
    listed_.reset();
    return answer.end();
  }
  answer.send();
  if (parts_.channel.unsent() < kMaxUnsent) on_drained();
}

// What has become active since the memory was listed is there by now; or it has left it again, or
// is on its way to it: those it gives. Their rows are then read anew by the thread that gives to
// the queue and takes from it, whose answers come in that order: what is active there is in memory.
Selection::Ids AdminLink::add_portion(LongAnswer& answer, Portion& portion) const {
  const auto add = [&](ipc::QueuedMessage& message) {
    *answer.with(message.ByteSizeLong()).add_messages() = std::move(message);
  };
  Selection::Ids active;
  for (auto& message : portion.messages)
    if (!shown_.contains(message.id())) add(message);
  for (std::string& id : portion.active)
    if (!shown_.contains(id)) active.insert(std::move(id));
  if (active.empty()) return active;
  for (auto& message : parts_.queue.list(listed_->among(active))) {
    active.erase(message.id());
    add(message);
  }
  return active;
}

void AdminLink::show(const ipc::AdminRequest& request) {
  if (request.filter().ids_size() != 1) return refuse("show takes one id");
  list(Selection(request.filter(), kAnyState));
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
        LongAnswer answer(*this);
        for (auto& row : parts_.queue.summarize())
          *answer.with(row.ByteSizeLong()).add_summary() = std::move(row);
        for (const auto& row : *sums.first) *answer.with(row.ByteSizeLong()).add_summary() = row;
        for (auto& outage : largest(parts_.queue.outages(), *sums.second))
          *answer.with(outage.ByteSizeLong()).add_outages() = std::move(outage);
        describe_pauses(answer, *sums.second);
        answer.end();
      });
}

void AdminLink::describe_pauses(LongAnswer& answer, const std::vector<Backlog>& behind) const {
  for (const auto& [destination, pause] : parts_.queue.pauses()) {
    ipc::Pause described;
    described.set_destination(std::string(name_of(destination)));
    described.set_since_us(pause.since.time_since_epoch().count());
    described.set_user(pause.user);
    described.set_why(pause.why);
    for (const Backlog& one : behind)
      if (one.destination == destination) described.set_messages(one.messages);
    *answer.with(described.ByteSizeLong()).add_pauses() = std::move(described);
  }
}

void AdminLink::status() {
  using Found = std::pair<Result<Counts>, Result<std::vector<Backlog>>>;
  question_ = parts_.store.read(
      [](StoreReader& store) {
        return Found(store.count(), store.behind(Scheduler::kMaxRemembered));
      },
      [this](const Found& found) {
        question_.reset();
        const auto& [counts, behind] = found;
        if (!counts) return refuse(counts.error().text);
        if (!behind) return refuse(behind.error().text);
        ipc::QueueStatus status;
        status.set_active(parts_.queue.active());
        status.set_deferred(counts->deferred);
        status.set_held(counts->held);
        status.set_deleted(counts->deleted);
        status.set_deleted_octets(counts->deleted_octets);
        const std::int64_t young = parts_.queue.oldest_us();
        status.set_oldest_us(young == 0               ? counts->oldest_us
                             : counts->oldest_us == 0 ? young
                                                      : std::min(young, counts->oldest_us));
        parts_.describe_service(status);
        LongAnswer answer(*this);
        *answer.with(status.ByteSizeLong()).mutable_status() = std::move(status);
        describe_pauses(answer, *behind);
        answer.end();
      });
}

void AdminLink::overview() {
  question_ =
      parts_.store.read([now = parts_.clock.now()](StoreReader& store) { return store.ages(now); },
                        [this](const Result<StoreReader::Ages>& ages) {
                          question_.reset();
                          if (!ages) return refuse(ages.error().text);
                          LongAnswer answer(*this);
                          ipc::AdminReply& first = answer.with(0);
                          describe(parts_.queue.ages(), MessageState::active, first);
                          describe(ages->deferred, MessageState::deferred, first);
                          describe(ages->held, MessageState::held, first);
                          const auto& failures = parts_.queue.failures();
                          for (auto it = failures.rbegin(); it != failures.rend(); ++it)
                            *answer.with(it->ByteSizeLong()).add_failures() = *it;
                          answer.end();
                        });
}

void AdminLink::acts() {
  question_ = parts_.store.read([](StoreReader& store) { return store.acts(kShownActs); },
                                [this](const Result<std::vector<ipc::Act>>& acts) {
                                  question_.reset();
                                  if (!acts) return refuse(acts.error().text);
                                  LongAnswer answer(*this);
                                  for (const ipc::Act& act : *acts)
                                    *answer.with(act.ByteSizeLong()).add_acts() = act;
                                  answer.end();
                                });
}

}  // namespace postrider::queued
