#include "deliverd/remote/tls_policies.h"

#include <algorithm>
#include <utility>

#include "common/config/routes.h"
#include "common/config/tls_policies.h"
#include "common/event/answer_later.h"

namespace postrider::deliverd {

PendingPtr ConfiguredTlsPolicies::find(const std::string& domain, const std::string& /*host*/,
                                       Done done) {
  const config::TlsPolicy* const policy = config::find_tls_policy(settings_.tls_policies, domain);
  std::optional<config::TlsPolicy> answer;
  if (policy != nullptr) answer = *policy;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

// RFC 8689 section 5: a report goes all the same.
bool requires_tls(const ipc::Job& job) { return job.tls_required() && !job.sender().empty(); }

namespace {

// A policy for all does not make a password less protected: who wants that names its server.
config::TlsPolicy policy_with_login(const std::optional<config::TlsPolicy>& policy) {
  if (policy && policy->destination != config::kEveryDomain) return *policy;
  return {.level = TlsLevel::verify, .only_tls13 = policy && policy->only_tls13};
}

// RFC 8689 section 4.4: a mail store is no further server, but the way to it may be a network.
bool stays_on_this_host(const Server& server) {
  const auto* const address = std::get_if<net::SocketAddress>(&server.peer.address);
  return server.protocol == smtp::Protocol::lmtp && address != nullptr && address->ip.is_loopback();
}

}  // namespace

// Deviation: RFC 8689 section 4.2.1 wants a name that MX told secured by DNSSEC or MTA-STS, because
// neither is looked at here: it is taken as DNS gave it.
Server protect(Server server, const ipc::Job& job, const std::optional<config::TlsPolicy>& policy,
               Protection protection) {
  const config::TlsPolicy asked =
      server.login != nullptr ? policy_with_login(policy) : policy.value_or(config::TlsPolicy{});
  net::TlsPeer& peer = server.peer;
  peer.level = asked.level;
  const bool asks_for_more =
      requires_tls(job) || (job.tls_required() && protection == Protection::as_it_should);
  const bool waives_policy = !asks_for_more && job.tls_not_required() && server.login == nullptr;
  if (asks_for_more && !stays_on_this_host(server)) {
    peer.level = TlsLevel::verify;
  } else if (waives_policy) {
    peer.level = std::min(peer.level, TlsLevel::may);
  }
  if (server.tls_start == smtp::TlsStart::implicit)
    peer.level = std::max(peer.level, TlsLevel::encrypt);
  // In the clear all names are one.
  if (peer.level == TlsLevel::none) peer.host.clear();
  peer.only_tls13 = asked.only_tls13 && peer.level > TlsLevel::may && !waives_policy;
  if (peer.level == TlsLevel::verify) peer.names = asked.match;
  return server;
}

}  // namespace postrider::deliverd
