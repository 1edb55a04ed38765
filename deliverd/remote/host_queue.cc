#include "deliverd/remote/host_queue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/message/push_back.h"

namespace postrider::deliverd {

namespace {

// By a policy of the server's, such as a rate. 421 without more may come of anything, of BDAT too.
bool asks_for_less(const smtp::Reply& why) {
  return why.code != 0 && message::asks_for_less(why.status, why.text);
}

std::string words_of(const smtp::Reply& reply) {
  return reply.code == 0 ? reply.text : smtp::to_line(reply);
}

metrics::Counter session_counter(std::string_view tls_version) {
  if (tls_version.empty()) return metrics::Counter::remote_sessions_clear;
  return tls_version == net::kTls13 ? metrics::Counter::remote_sessions_tls_13
                                    : metrics::Counter::remote_sessions_tls_12;
}

}  // namespace

HostQueue::HostQueue(const Parts& parts, const Server& server, std::shared_ptr<Budget> address,
                     std::shared_ptr<Budget> destination, UniqueFunction<void()> on_empty)
    : parts_(parts),
      server_(server),
      address_(std::move(address)),
      destination_(std::move(destination)),
      budgets_(destination_ ? std::vector{address_, destination_} : std::vector{address_}),
      on_empty_(std::move(on_empty)) {}

HostQueue::~HostQueue() {
  *alive_ = false;
  retire();
}

// It draws on no budget any more.
void HostQueue::retire() {
  for (const auto& budget : budgets_) {
    budget->on_no_longer_waiting(waiting_.size());
    budget->forget(*this);
  }
  waiting_.clear();
}

void HostQueue::add(TransferPtr transfer) {
  if (!transfer->postponable || !postpone(transfer)) enqueue(waiting_.end(), std::move(transfer));
  dispatch_later();
}

// True: it has been sent back, as too many wait already.
bool HostQueue::postpone(TransferPtr& transfer) {
  // The pace that an address shows is the destination's, where that has one. And one that waits for
  // this server alone keeps nobody of the destination's others from their turn.
  const bool paced = destination_ && destination_->is_paced();
  const bool first = waiting_.empty() && destination_ && destination_->is_near();
  std::chrono::microseconds longest{0};
  const auto ask = [&](Budget& budget) {
    longest = std::max(longest, budget.postpone(transfer->job.at_its_turn()).value_or(longest));
  };
  if (!paced || address_->is_paced()) ask(*address_);
  if (destination_ && !first) ask(*destination_);
  if (longest == longest.zero()) return false;
  parts_.loop.defer([transfer = std::move(transfer), longest] {
    transfer->done({.outcomes = {}, .postponed = longest});
  });
  return true;
}

void HostQueue::enqueue(std::deque<TransferPtr>::iterator before, TransferPtr transfer) {
  waiting_.insert(before, std::move(transfer));
  for (const auto& budget : budgets_) budget->on_waiting();
}

TransferPtr HostQueue::dequeue() {
  TransferPtr next = std::move(waiting_.front());
  waiting_.pop_front();
  for (const auto& budget : budgets_) budget->on_no_longer_waiting(1);
  return next;
}

// Once a turn: what came together is counted together.
void HostQueue::dispatch_later() {
  if (std::exchange(dispatch_queued_, true)) return;
  parts_.loop.defer([this, alive = alive_] {
    if (*alive) dispatch();
  });
}

void HostQueue::dispatch() {
  dispatch_queued_ = false;
  hand_out();
  open_connections();
  share_idle();
  if (!waiting_.empty() || !lines_.empty()) return;
  retire();
  std::exchange(on_empty_, [] {})();
}

void HostQueue::on_share() {
  shared_to_ = true;
  dispatch();
  shared_to_ = false;
}

void HostQueue::hand_out() {
  // By index: a transfer that needs no server ends inside carry(), and may close connections.
  for (std::size_t i = 0; i < lines_.size() && !waiting_.empty(); ++i) {
    Connection& connection = *lines_[i].connection;
    if (connection.leaving() || !connection.ready()) continue;
    if (connection.carried() >= messages_limit(connection)) {
      connection.leave();
    } else if (take_turn()) {
      begin(connection);
    } else {
      return;
    }
  }
}

std::uint64_t HostQueue::messages_limit(const Connection& connection) const {
  std::uint64_t most = parts_.settings.deliverd.messages_per_connection;
  most = std::min(most, connection.messages_limit().value_or(most));
  return is_contended() ? std::min(most, kTurn) : most;
}

std::uint64_t HostQueue::recipients_limit(const Connection& connection) const {
  const std::uint64_t told = connection.recipients_limit().value_or(Budget::kNoLimit);
  const bool own_limit = server_.limits != nullptr && server_.limits->recipients > 0;
  return own_limit ? std::min(told, server_.limits->recipients) : told;
}

bool HostQueue::is_contended() const {
  return std::any_of(budgets_.begin(), budgets_.end(),
                     [](const auto& budget) { return budget->is_contended(); });
}

// The address's turn is taken first and kept, as its pace is found by trying; the destination's is
// a promise.
bool HostQueue::take_turn() {
  if (!has_address_turn_) {
    if (!address_->may_begin(*this)) return false;
    address_->take_turn();
    has_address_turn_ = true;
  }
  if (destination_) {
    if (!destination_->may_begin(*this)) return false;
    destination_->take_turn();
  }
  has_address_turn_ = false;
  return true;
}

void HostQueue::begin(Connection& connection) {
  TransferPtr next = dequeue();
  const std::uint64_t most = recipients_limit(connection);
  if (next->recipients.size() > most) enqueue(waiting_.begin(), split_off(*next, most));
  ++begun_since_opening_;
  next->chunking = may_chunk();
  connection.carry(std::move(next));
}

void HostQueue::open_connections() {
  while (needs_connection()) {
    if (!may_connect()) {
      if (in_use() == 0) await_connection();
      return;
    }
    for (const auto& budget : budgets_) budget->stop_waiting(*this);
    if (!has_address_turn_ && !address_->may_begin(*this)) return;
    if (destination_ && !destination_->may_begin(*this)) return;
    open_connection();
  }
}

bool HostQueue::needs_connection() const {
  const std::size_t used = in_use();
  if (waiting_.empty() || used == 0) return !waiting_.empty();
  if (waiting_.size() > kWaitingPerConnection * used) return true;
  if (is_opening()) return false;
  const bool paced = std::any_of(budgets_.begin(), budgets_.end(),
                                 [](const auto& budget) { return budget->is_paced(); });
  // Each has to show first what it makes of the last that was opened.
  if (!paced)
    return begun_since_opening_ >= used &&
           static_cast<int>(waiting_.size()) * address_->step() > kLongWait;
  return idle_connection() == nullptr;
}

// Who has none comes before who has some.
bool HostQueue::may_connect() const {
  const bool has_room =
      address_->has_room(most_at_address()) && (!destination_ || destination_->has_room());
  return has_room && (!is_contended() || (shared_to_ && in_use() == 0));
}

void HostQueue::await_connection() {
  address_->await_connection(*this, most_at_address());
  if (destination_) destination_->await_connection(*this);
}

std::uint64_t HostQueue::most_at_address() const noexcept {
  const bool own_limit = server_.limits != nullptr && server_.limits->connections > 0;
  return own_limit ? Budget::kNoLimit : parts_.settings.deliverd.connections_per_host;
}

void HostQueue::open_connection() {
  for (const auto& budget : budgets_) budget->on_opening(*this);
  begun_since_opening_ = 0;
  parts_.counters.add(metrics::Counter::delivery_connections_remote);
  lines_.push_back({std::make_unique<Connection>(
      parts_.loop, parts_.settings, parts_.tls, server_,
      parts_.memory.why_clear(server_, parts_.loop.now()), parts_.races.take(server_.peer.address),
      static_cast<Connection::Owner&>(*this))});
}

// A connection without work is there for others, and what has no work waits for none.
void HostQueue::share_idle() {
  const bool idle = waiting_.empty() && idle_connection() != nullptr;
  for (const auto& budget : budgets_) {
    budget->set_idle(*this, idle);
    if (waiting_.empty()) budget->stop_waiting(*this);
  }
  if (idle && is_contended()) give_up_idle();
}

void HostQueue::give_up_idle() {
  if (Connection* const idle = idle_connection()) idle->leave();
  if (idle_connection() != nullptr) return;
  for (const auto& budget : budgets_) budget->set_idle(*this, false);
}

Connection* HostQueue::idle_connection() const {
  const auto at = std::find_if(lines_.begin(), lines_.end(), [](const Line& line) {
    return !line.connection->leaving() && line.connection->ready();
  });
  return at == lines_.end() ? nullptr : at->connection.get();
}

bool HostQueue::is_opening() const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [](const Line& line) { return !line.had_session; });
}

std::size_t HostQueue::in_use() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [](const Line& line) { return !line.connection->leaving(); }));
}

void HostQueue::on_ready(Connection& connection) {
  const auto at = line_of(connection);
  if (!std::exchange(at->had_session, true)) {
    parts_.memory.on_session(server_);
    parts_.counters.add(session_counter(connection.tls_version()));
    for (const auto& budget : budgets_) budget->on_session();
  }
  dispatch_later();
}

std::vector<HostQueue::Line>::iterator HostQueue::line_of(const Connection& connection) {
  return std::find_if(lines_.begin(), lines_.end(),
                      [&](const Line& line) { return line.connection.get() == &connection; });
}

void HostQueue::on_result(Connection& connection, TransferPtr transfer, TransferResult result) {
  const bool by_data = note_chunking(result.chunking);
  // A server that asks for less is not met again at once.
  if (by_data && any_lost(result) && push_back_of(result) == nullptr) {
    keep_lost(*transfer, std::move(result));
    enqueue(waiting_.begin(), std::move(transfer));
  } else if (all_lost(result) && connection.carried() > 1 &&
             !std::exchange(transfer->repeated, true)) {
    // A server may close a connection between two messages at any time: that says nothing of the
    // server, so the message is carried again by another connection, once.
    enqueue(waiting_.begin(), std::move(transfer));
  } else {
    note_received(result);
    transfer->done(std::move(result));
  }
  dispatch_later();
}

bool HostQueue::may_chunk() const {
  return (server_.limits == nullptr || server_.limits->chunking) &&
         !parts_.memory.has_chunking_failed(server_, parts_.loop.now());
}

// True: BDAT has failed, and what begins from now on goes by DATA.
bool HostQueue::note_chunking(const smtp::ChunkingTrial& trial) {
  if (trial.found == smtp::Chunking::lost && asks_for_less(trial.why)) return false;
  const auto now = parts_.loop.now();
  const bool known = parts_.memory.has_chunking_failed(server_, now);
  if (!parts_.memory.on_chunking(server_, trial.found, now)) return false;
  if (known) return true;
  parts_.log.warning("chunking_failed")
      .with("address", net::to_text(server_.peer.address))
      .with("host", server_.peer.host)
      .with("reason", words_of(trial.why));
  return true;
}

// How the server received a message, whatever became of its recipients.
void HostQueue::note_received(const TransferResult& result) {
  const auto& outcomes = result.outcomes;
  Throttle& throttle = address_->throttle();
  const smtp::RecipientOutcome* const push_back = push_back_of(result);
  if (push_back == nullptr) {
    const bool answered = std::any_of(outcomes.begin(), outcomes.end(),
                                      [](const auto& outcome) { return outcome.reply.code != 0; });
    if (answered) throttle.on_served();
    return;
  }
  if (!throttle.on_pushed_back(parts_.loop.now())) return;
  parts_.log.info("slowed_down")
      .with("address", net::to_text(server_.peer.address))
      .with("host", server_.peer.host)
      .with("interval_ms",
            std::chrono::ceil<std::chrono::milliseconds>(throttle.interval()).count())
      .with("reason", smtp::to_line(push_back->reply));
}

// It counts until it is destroyed: a server that bears one connection would else see two.
void HostQueue::on_closed(Connection& connection, const std::optional<Connection::Unusable>& why) {
  const auto at = line_of(connection);
  for (const auto& budget : budgets_) budget->on_closing(at->had_session);
  parts_.loop.defer([closed = std::move(at->connection), budgets = budgets_]() mutable {
    closed.reset();
    for (const auto& budget : budgets) budget->on_closed();
  });
  const bool met = at->had_session;
  lines_.erase(at);
  if (why) host_failed(*why, connection);
  if (!why && !met)
    host_failed({{0, "4.4.2", "the connection was lost before the first message"}}, connection);
  dispatch_later();
}

void HostQueue::host_failed(Connection::Unusable why, const Connection& connection) {
  using Fault = smtp::ClientSession::Fault;
  const net::TlsPeer& peer = server_.peer;
  const std::string reason = words_of(why.reply);
  const bool goes_on_in_clear =
      why.fault == Fault::tls && HostMemory::may_be_met_in_clear(server_) && in_use() == 0;
  auto entry = parts_.log.warning(goes_on_in_clear            ? "tls_failed"
                                  : why.fault == Fault::login ? "login_failed"
                                                              : "connection_failed");
  entry.with("address", net::to_text(peer.address)).with("host", peer.host).with("reason", reason);
  // Whose login it is senders are not told.
  if (why.fault == Fault::login) entry.with("user", server_.login->user);
  // Others are open or being opened: what waits will be served by them or after them, or told by
  // the last of them.
  if (why.fault == Fault::server && address_->on_refused()) return;
  if (in_use() > 0) return;
  // Where the words are ours, nothing else tells whose TLS it is, or who refuses us.
  if (why.fault != Fault::server && why.reply.code == 0 && !goes_on_in_clear)
    why.reply.text = fmt::format("{}: {}", remote_name(peer.host, peer.address), reason);
  // A refusal for good is asked for each time: it may end the mail.
  if (!why.reply.permanent()) parts_.memory.on_failed(server_, why, parts_.loop.now());
  if (!goes_on_in_clear) tell_waiting(why.reply, connection.record());
}

void HostQueue::tell_waiting(const smtp::Reply& why, const std::vector<TransferRecord>& records) {
  // One that is told may come back at once, for another name of the same server.
  std::vector<TransferPtr> told;
  while (!waiting_.empty()) told.push_back(dequeue());
  for (const TransferPtr& transfer : told) {
    const smtp::RecipientOutcome untried{smtp::Outcome::untried, why};
    transfer->done({.outcomes = {transfer->recipients.size(), untried},
                    .no_session = true,
                    .records = records});
  }
}

}  // namespace postrider::deliverd
