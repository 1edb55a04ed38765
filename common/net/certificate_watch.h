// certificate_watch.h - has certificates served anew when their files change: no restart, and no
// session ends for it.
#pragma once

#include "common/base/clock.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/net/tls_server.h"

namespace postrider::net {

class CertificateWatch {
 public:
  // How often the files are looked at, at the cost of a stat() each. Two looks see a change.
  static constexpr std::chrono::seconds kInterval{2};

  // Told when the first of the certificates that are served expires: at once, and after each
  // change.
  using OnExpiry = UniqueFunction<void(WallTime first)>;

  // `loop`, `tls` and `log` outlive the watch. `worker` stands in what it tells the log.
  CertificateWatch(event::EventLoop& loop, TlsServer& tls, log::Logger& log, unsigned worker,
                   OnExpiry on_expiry = {});

 private:
  void look();
  void tell_expiry();

  TlsServer& tls_;
  log::Logger& log_;
  const unsigned worker_;
  OnExpiry on_expiry_;
  event::Timer timer_;
};

}  // namespace postrider::net
