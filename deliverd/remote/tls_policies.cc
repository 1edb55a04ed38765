#include "deliverd/remote/tls_policies.h"

#include <algorithm>
#include <utility>

#include "common/config/tls_policies.h"
#include "common/event/answer_later.h"

namespace postrider::deliverd {

PendingPtr ConfiguredTlsPolicies::find(const std::string& domain, const std::string& /*host*/,
                                       Done done) {
  const config::TlsPolicy* const policy = config::find_tls_policy(settings_.tls_policies, domain);
  return event::answer_later(loop_, policy == nullptr ? config::TlsPolicy{} : *policy,
                             std::move(done));
}

// RFC 8689 section 5: a report goes all the same.
bool requires_tls(const ipc::Job& job) { return job.tls_required() && !job.sender().empty(); }

// Deviation: RFC 8689 section 4.2.1 wants a name that MX told secured by DNSSEC or MTA-STS, because
// neither is looked at here: it is taken as DNS gave it.
net::TlsPeer tls_peer(const ipc::Job& job, const config::TlsPolicy& policy, const std::string& host,
                      const net::SocketAddress& address) {
  net::TlsPeer peer{.address = address, .level = policy.level};
  if (requires_tls(job)) {
    peer.level = TlsLevel::verify;
  } else if (job.tls_not_required()) {
    peer.level = std::min(peer.level, TlsLevel::may);
  }
  // In the clear all names are one.
  if (peer.level == TlsLevel::none) return peer;
  peer.host = host;
  peer.only_tls13 = policy.only_tls13 && peer.level > TlsLevel::may;
  if (peer.level == TlsLevel::verify) peer.names = policy.match;
  return peer;
}

}  // namespace postrider::deliverd
