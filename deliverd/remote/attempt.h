// attempt.h - one attempt at a job: asks DNS, then one host after another, of one next hop after
// another, until every recipient has its result or no host is left.
//
// A host that fails before it decides (no connection, no session, lost before the end of the data)
// leaves its recipients to the next; a host's word on a recipient is final for this attempt, but
// one for reasons of policy is asked for by the other family of IP addresses as well, where the
// host has both. At the end the rest is deferred, unless every host refused for good. A host that
// gave no session just now is passed over with what it said then, unless the job is a probe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/pending.h"
#include "common/base/random.h"
#include "common/config/settings.h"
#include "common/log/log.h"
#include "common/net/resolver.h"
#include "deliverd/delivery.h"
#include "deliverd/remote/connection_pool.h"
#include "deliverd/remote/next_hop.h"
#include "deliverd/remote/own_addresses.h"
#include "deliverd/remote/tls_policies.h"

namespace postrider::deliverd {

// What every attempt works with.
struct AttemptContext {
  event::EventLoop& loop;
  const config::Settings& settings;
  net::Resolver& resolver;
  TlsPolicies& tls_policies;
  ConnectionPool& pool;
  const sasl::Login* login;  // at the smart host; null: none
  Random& random;
  const Clock& clock;
  log::Logger& log;
  const OwnAddresses own;
};

class Attempt final : public event::Deferred {
 public:
  using Done = UniqueFunction<void(Attempt&, ipc::JobResult)>;

  // `context` and `source` outlive the Attempt. Nothing happens before start().
  Attempt(const AttemptContext& context, const ipc::Job& job, int source, Done done);

  ~Attempt() override { *alive_ = false; }

  // `done` runs once, later.
  void start();

 private:
  bool is_smarthost(const NextHop& hop) const;
  void follow(const MxHop& hop);
  void follow(const HostHop& hop);
  void follow(const net::SocketAddress& hop);
  void follow(const net::UnixSocket& hop);

  void try_next_hop();
  void try_next_host();
  template <typename Next>
  void find_policy(Next next);
  const config::DestinationLimits* limits() const;
  Server server_at(net::Endpoint address) const;
  void try_next_address();
  void try_server(const Server& server);
  void try_further();
  void on_addresses(net::AddressAnswer answer);
  void on_order(AddressRaces::Order order);
  void on_transfer(TransferResult result);

  // What one host, or DNS, said; `remote` is the host's name where the words are its own.
  struct Told {
    smtp::RecipientOutcome outcome;
    std::string remote;
    bool dsn = false;  // the host reports on what it accepted
    std::string tls;   // how the session was protected; empty: there was none
  };
  void host_failed(Told told);
  bool leads_back(const std::vector<net::IpAddress>& addresses) const;
  void turn_back();
  bool other_family_left() const;
  void conclude_refused();
  void conclude(int recipient, ipc::Outcome outcome, const Told& told);
  void conclude_open(const Told& told);
  void finish();
  void log_transfer(const TransferResult& result);
  void log_result(int recipient, const ipc::RecipientResult& result, const std::string& tls);

  const AttemptContext& context_;
  const ipc::Job job_;
  const int source_;
  Done done_;

  std::deque<NextHop> hops_;              // still to be tried
  std::deque<std::string> hosts_;         // of the hop that is tried, still to be tried
  std::deque<net::IpAddress> addresses_;  // of host_, still to be tried
  std::map<net::IpAddress, std::string>
      silent_;  // of these, which did not answer just now, and why
  smtp::Protocol protocol_ = smtp::Protocol::smtp;  // of the hop
  smtp::TlsStart tls_start_ = smtp::TlsStart::starttls;
  std::uint16_t port_ = 0;
  std::string domain_;                       // that TLS policies are asked for
  bool host_was_configured_ = false;         // an administrator named the host, no DNS answer
  std::string host_;                         // "" for an address that was named
  std::optional<config::TlsPolicy> policy_;  // for host_
  const sasl::Login* login_ = nullptr;       // at host_
  net::IpAddress address_;                   // of host_, being tried
  std::string remote_;                       // its remote_name()
  std::optional<Server> less_protected_;     // the same, where a report must go all the same
  std::uint64_t addresses_tried_ = 0;        // of the hop
  bool tried_ = false;                       // a host was asked
  bool session_given_ = false;               // by one of the hosts so far
  std::optional<Told> failure_;              // of the hosts so far: a temporary one, if any

  std::chrono::microseconds asked_{0};  // EventLoop::now(), the question that is open
  std::chrono::microseconds dns_{0};    // how long DNS and the order of addresses took
  std::chrono::microseconds given_{0};  // to the pool: EventLoop::now()

  std::vector<int> open_;        // recipients without a result
  std::map<int, Told> refused_;  // of these, whom one family of host_ refused for its policy
  ipc::JobResult result_;
  PendingPtr question_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: a deferred task
};

}  // namespace postrider::deliverd
