// certificate_watch.h - has certificates served anew when their files change: no restart, and no
// session ends for it.
#pragma once

#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/net/tls_server.h"

namespace postrider::net {

class CertificateWatch {
 public:
  // How often the files are looked at, at the cost of a stat() each. Two looks see a change.
  static constexpr std::chrono::seconds kInterval{2};

  // `loop`, `tls` and `log` outlive the watch. `worker` stands in what it tells the log.
  CertificateWatch(event::EventLoop& loop, TlsServer& tls, log::Logger& log, unsigned worker);

 private:
  void look();

  TlsServer& tls_;
  log::Logger& log_;
  const unsigned worker_;
  event::Timer timer_;
};

}  // namespace postrider::net
