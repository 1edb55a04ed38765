#include "deliverd/remote/host_queue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace postrider::deliverd {

namespace {

bool is_lost(const smtp::RecipientOutcome& outcome) {
  return outcome.outcome == smtp::Outcome::untried && !smtp::is_final(outcome.reply);
}

bool all_lost(const TransferResult& result) {
  return !result.corrupt && std::all_of(result.outcomes.begin(), result.outcomes.end(), &is_lost);
}

}  // namespace

HostQueue::HostQueue(event::EventLoop& loop, const config::Settings& settings, log::Logger& log,
                     metrics::Counters& counters, net::TlsClient& tls, AddressRaces& races,
                     HostMemory& memory, const Server& server, UniqueFunction<void()> on_empty)
    : loop_(loop),
      settings_(settings),
      log_(log),
      counters_(counters),
      tls_(tls),
      races_(races),
      memory_(memory),
      server_(server),
      on_empty_(std::move(on_empty)),
      connection_limit_(settings.deliverd.connections_per_host) {}

void HostQueue::add(TransferPtr transfer) {
  waiting_.push_back(std::move(transfer));
  dispatch_later();
}

// Once a turn: what came together is counted together.
void HostQueue::dispatch_later() {
  if (std::exchange(dispatch_queued_, true)) return;
  loop_.defer([this, alive = alive_] {
    if (*alive) dispatch();
  });
}

void HostQueue::dispatch() {
  dispatch_queued_ = false;
  hand_out();
  open_connections();
  if (waiting_.empty() && connections_.empty()) on_empty_();
}

void HostQueue::hand_out() {
  // By index: a transfer that needs no server ends inside carry(), and may close connections.
  for (std::size_t i = 0; i < connections_.size() && !waiting_.empty(); ++i) {
    Connection& connection = *connections_[i];
    if (connection.leaving() || !connection.ready()) continue;
    if (connection.carried() >= settings_.deliverd.messages_per_connection) {
      connection.leave();
      continue;
    }
    TransferPtr next = std::move(waiting_.front());
    waiting_.pop_front();
    connection.carry(std::move(next));
  }
}

void HostQueue::open_connections() {
  while (!waiting_.empty() && in_use() < std::max<std::size_t>(connection_limit_, 1)) {
    if (in_use() > 0 && waiting_.size() <= kWaitingPerConnection * in_use()) return;
    counters_.add(metrics::Counter::delivery_connections_remote);
    connections_.push_back(std::make_unique<Connection>(
        loop_, settings_, tls_, server_, memory_.why_clear(server_, loop_.now()),
        races_.take(server_.peer.address), static_cast<Connection::Owner&>(*this)));
  }
}

std::size_t HostQueue::in_use() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return !connection->leaving(); }));
}

void HostQueue::on_ready(Connection& /*connection*/) {
  memory_.on_session(server_);
  dispatch_later();
}

void HostQueue::on_result(Connection& connection, TransferPtr transfer, TransferResult result) {
  // A server may close a connection between two messages at any time: that says nothing of the
  // server, so the message is carried again by another connection, once.
  if (all_lost(result) && connection.carried() > 1 && !std::exchange(transfer->repeated, true)) {
    waiting_.push_front(std::move(transfer));
  } else {
    transfer->done(std::move(result));
  }
  dispatch_later();
}

void HostQueue::on_closed(Connection& connection, const std::optional<Connection::Unusable>& why) {
  const auto at = std::find_if(connections_.begin(), connections_.end(),
                               [&](const auto& owned) { return owned.get() == &connection; });
  loop_.destroy_later(std::move(*at));
  connections_.erase(at);
  if (why) host_failed(*why);
  dispatch_later();
}

void HostQueue::host_failed(Connection::Unusable why) {
  using Fault = smtp::ClientSession::Fault;
  const net::TlsPeer& peer = server_.peer;
  const std::string reason = why.reply.code == 0 ? why.reply.text : smtp::to_line(why.reply);
  const bool goes_on_in_clear =
      why.fault == Fault::tls && HostMemory::may_be_met_in_clear(server_) && in_use() == 0;
  auto entry = log_.warning(goes_on_in_clear            ? "tls_failed"
                            : why.fault == Fault::login ? "login_failed"
                                                        : "connection_failed");
  entry.with("address", peer.address.str()).with("host", peer.host).with("reason", reason);
  // Whose login it is senders are not told.
  if (why.fault == Fault::login) entry.with("user", server_.login->user);
  // Others are open or being opened: what waits will be served, or told by the last of them. If the
  // server serves us, but not on one more connection, that is how many it bears.
  if (in_use() > 0) {
    const bool is_served =
        std::any_of(connections_.begin(), connections_.end(),
                    [](const auto& one) { return !one->leaving() && one->carried() > 0; });
    if (why.fault == Fault::server && is_served) connection_limit_ = in_use();
    return;
  }
  // Where the words are ours, nothing else tells whose TLS it is, or who refuses us.
  if (why.fault != Fault::server && why.reply.code == 0 && !goes_on_in_clear)
    why.reply.text = fmt::format("{}[{}]: {}", peer.host, peer.address.ip.str(), reason);
  // A refusal for good is asked for each time: it may end the mail.
  if (!why.reply.permanent()) memory_.on_failed(server_, why, loop_.now());
  if (!goes_on_in_clear) tell_waiting(why.reply);
}

void HostQueue::tell_waiting(const smtp::Reply& why) {
  for (TransferPtr& transfer : std::exchange(waiting_, {})) {
    const smtp::RecipientOutcome untried{smtp::Outcome::untried, why};
    transfer->done({.outcomes = {transfer->recipients.size(), untried}, .no_session = true});
  }
}

}  // namespace postrider::deliverd
