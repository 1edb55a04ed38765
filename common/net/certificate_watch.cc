#include "common/net/certificate_watch.h"

namespace postrider::net {

CertificateWatch::CertificateWatch(event::EventLoop& loop, TlsServer& tls, log::Logger& log,
                                   unsigned worker)
    : tls_(tls), log_(log), worker_(worker), timer_(loop, [this] { look(); }) {
  look();
}

void CertificateWatch::look() {
  const auto refreshed = tls_.refresh();
  if (!refreshed) {
    log_.error("certificates_not_loaded")
        .with("worker", worker_)
        .with("reason", refreshed.error().text)
        .with("effect", "those from before are served until the files change again");
  } else if (*refreshed) {
    log_.info("certificates_loaded").with("worker", worker_);
  }
  timer_.arm(kInterval);
}

}  // namespace postrider::net
