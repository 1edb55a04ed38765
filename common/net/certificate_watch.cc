#include "common/net/certificate_watch.h"

#include <utility>

namespace postrider::net {

CertificateWatch::CertificateWatch(event::EventLoop& loop, TlsServer& tls, log::Logger& log,
                                   unsigned worker, OnExpiry on_expiry)
    : tls_(tls), log_(log), worker_(worker), on_expiry_(std::move(on_expiry)), timer_(loop, [this] {
        look();
      }) {
  tell_expiry();
  look();
}

void CertificateWatch::tell_expiry() {
  if (!on_expiry_) return;
  if (const auto first = tls_.first_expiry()) on_expiry_(*first);
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
    tell_expiry();
  }
  timer_.arm(kInterval);
}

}  // namespace postrider::net
