// tls_policies.h - how well a connection to a server has to be protected: asked before connecting.
//
// RFC 8689 (REQUIRETLS, and "TLS-Required: No").
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/ipc/messages.pb.h"
#include "deliverd/remote/server.h"

namespace postrider::deliverd {

// An interface, as what a destination publishes of itself has to be looked up (DANE, MTA-STS).
class TlsPolicies {
 public:
  using Done = UniqueFunction<void(std::optional<config::TlsPolicy>)>;

  TlsPolicies() = default;
  TlsPolicies(const TlsPolicies&) = delete;
  TlsPolicies& operator=(const TlsPolicies&) = delete;
  virtual ~TlsPolicies() = default;

  // `domain` is that of the recipients, or, where an administrator named the server, the server's:
  // its name or "[ADDRESS]". `host` is the server's name, empty where it has none. The answer is
  // nothing where nobody says anything.
  [[nodiscard]] virtual PendingPtr find(const std::string& domain, const std::string& host,
                                        Done done) = 0;
};

// What [[tls_policy]] says.
class ConfiguredTlsPolicies final : public TlsPolicies {
 public:
  // Both outlive this object.
  ConfiguredTlsPolicies(event::EventLoop& loop, const config::Settings& settings)
      : loop_(loop), settings_(settings) {}

  PendingPtr find(const std::string& domain, const std::string& host, Done done) override;

 private:
  event::EventLoop& loop_;
  const config::Settings& settings_;
};

// Whether `job` goes under TLS alone, to servers that see to it that it goes on so, or into a
// store.
bool requires_tls(const ipc::Job& job);

// A report on mail with REQUIRETLS is to go as that did (RFC 8689 section 5), but goes all the
// same: it is brought to a server as it should be, and to one that cannot as it may be.
enum class Protection : std::uint8_t { as_it_should, as_it_may };

// `server`, whose protection is still to be said, as `job` is brought to it: where no policy says
// otherwise, under TLS as may be, and with a login verified; but a message may ask for more, or for
// less; into a mail store of this host for nothing. Where TLS is implicit it is never without.
// `protection` makes a difference to the reports
// alone that it speaks of.
Server protect(Server server, const ipc::Job& job, const std::optional<config::TlsPolicy>& policy,
               Protection protection = Protection::as_it_should);

}  // namespace postrider::deliverd
