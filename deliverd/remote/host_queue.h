// host_queue.h - the transfers that wait for one server, and the connections to it.
//
// A connection is used again and again; another is opened only when many transfers wait for each
// that is open, or would wait for long, and then one after another, so that a server is never met
// by a crowd. Both a connection and a transfer need a share of what the address, and the
// [[destination]], are asked to bear. When a server fails, all that waits for it is told, and may
// be tried elsewhere; but where its TLS fails and need not be, it is met in the clear for a while
// (RFC 7435), and where its BDAT fails, by DATA.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "deliverd/remote/address_races.h"
#include "deliverd/remote/budget.h"
#include "deliverd/remote/connection.h"
#include "deliverd/remote/host_memory.h"

namespace postrider::deliverd {

class HostQueue final : public event::Deferred,
                        private Connection::Owner,
                        private Budget::Claimant {
 public:
  // Another connection is opened when more than this many transfers wait for each open one, or the
  // last of them would wait for longer than this.
  static constexpr std::size_t kWaitingPerConnection = 20;
  static constexpr std::chrono::seconds kLongWait{1};
  // Transfers that a connection carries while another queue waits for it.
  static constexpr std::uint64_t kTurn = 20;

  // What every queue works with.
  struct Parts {
    event::EventLoop& loop;
    const config::Settings& settings;
    log::Logger& log;
    metrics::Counters& counters;
    net::TlsClient& tls;
    AddressRaces& races;
    HostMemory& memory;
  };

  // `destination`: of the server's limits; null where none are shared. `on_empty`: nothing waits
  // and no connection is left. Not called from inside add().
  HostQueue(const Parts& parts, const Server& server, std::shared_ptr<Budget> address,
            std::shared_ptr<Budget> destination, UniqueFunction<void()> on_empty);
  ~HostQueue() override;

  // `done` of the transfer runs once, later.
  void add(TransferPtr transfer);

 private:
  struct Line {
    std::unique_ptr<Connection> connection;
    bool had_session = false;
  };

  void on_ready(Connection& connection) override;
  void on_result(Connection& connection, TransferPtr transfer, TransferResult result) override;
  void on_closed(Connection& connection, const std::optional<Connection::Unusable>& why) override;

  void on_share() override;
  void give_up_idle() override;

  bool postpone(TransferPtr& transfer);
  void enqueue(std::deque<TransferPtr>::iterator before, TransferPtr transfer);
  TransferPtr dequeue();
  void dispatch_later();
  void dispatch();
  void hand_out();
  std::uint64_t messages_limit(const Connection& connection) const;
  std::uint64_t recipients_limit(const Connection& connection) const;
  bool is_contended() const;
  bool take_turn();
  void begin(Connection& connection);
  void open_connections();
  bool needs_connection() const;
  bool may_connect() const;
  void await_connection();
  std::uint64_t most_at_address() const noexcept;
  void open_connection();
  void share_idle();
  Connection* idle_connection() const;
  bool is_opening() const;
  std::size_t in_use() const noexcept;
  std::vector<Line>::iterator line_of(const Connection& connection);
  bool may_chunk() const;
  bool note_chunking(const smtp::ChunkingTrial& trial);
  void note_received(const TransferResult& result);
  void host_failed(Connection::Unusable why, const Connection& connection);
  void tell_waiting(const smtp::Reply& why, const std::vector<TransferRecord>& records);
  void retire();

  const Parts parts_;
  const Server server_;
  const std::shared_ptr<Budget> address_;
  const std::shared_ptr<Budget> destination_;           // null: it shares no limits
  const std::vector<std::shared_ptr<Budget>> budgets_;  // these
  UniqueFunction<void()> on_empty_;
  std::deque<TransferPtr> waiting_;
  std::vector<Line> lines_;
  std::uint64_t begun_since_opening_ = 0;  // transfers
  bool has_address_turn_ = false;          // and waits for the destination's
  bool shared_to_ = false;                 // it is its turn to open a connection
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: deferred tasks
  bool dispatch_queued_ = false;
};

}  // namespace postrider::deliverd
