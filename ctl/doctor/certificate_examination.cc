// certificate_examination.cc - what the doctor sees of certificates: for whom, how long, by whom.
// Whether a daemon can load them is seen with the configuration.
#include <fmt/format.h>

#include "common/net/certificate_facts.h"
#include "ctl/doctor/examinations.h"

namespace postrider::ctl {

namespace {

constexpr const char* kRenew =
    "Have it renewed, as by certbot (postrider-recipes(7)): new files in its place are served "
    "within seconds.";

void examine_time(Findings& findings, const std::string& path, std::chrono::seconds left) {
  const auto days = std::chrono::duration_cast<std::chrono::hours>(left).count() / 24;
  const Health health = health_of_certificate(left);
  findings.add(health,
               left.count() <= 0 ? fmt::format("{} has expired {} days ago.", path, -days)
                                 : fmt::format("{} is good for {} days.", path, days),
               health == Health::ok ? "" : kRenew);
}

void examine(Findings& findings, const std::string& path, const std::string& hostname, WallTime now,
             bool is_for_host) {
  const auto facts = net::read_certificate_facts(path, hostname);
  if (!facts) return;
  examine_time(findings, path,
               std::chrono::duration_cast<std::chrono::seconds>(facts->expiry - now));
  if (is_for_host && !facts->is_for_host)
    findings.wrong(fmt::format("{} is not for {}.", path, hostname),
                   "Get one for that name, or change `hostname`.");
  if (facts->is_self_signed)
    findings.warn(
        fmt::format("{} is signed by itself: mail programs ask whether to trust it.", path),
        "Get one that is signed, as by certbot (postrider-recipes(7)).");
}

}  // namespace

Health health_of_certificate(std::chrono::seconds left) noexcept {
  if (left < kCertificateVerySoon) return Health::wrong;
  return left < kCertificateSoon ? Health::warning : Health::ok;
}

Findings examine_certificates(const Patient& patient) {
  Findings findings("certificate");
  const auto& tls = patient.settings.tls;
  if (tls.certificate.empty()) {
    findings.warn("There is none: mail and passwords travel in the clear.",
                  "Name one in tls.certificate and tls.key; `postrider setup` makes what is not "
                  "there.");
    return findings;
  }
  examine(findings, tls.certificate, patient.settings.hostname, patient.now, true);
  for (const config::CertificateFiles& files : tls.additional)
    examine(findings, files.certificate, patient.settings.hostname, patient.now, false);
  return findings;
}

}  // namespace postrider::ctl
