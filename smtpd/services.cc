#include "smtpd/services.h"

#include <algorithm>

namespace postrider::smtpd {

namespace {

smtp::Tls tls_of(const config::Settings& settings, const config::SmtpListener& listener) {
  if (listener.mode == config::SmtpMode::submissions) return smtp::Tls::implicit;
  const auto& mask = listener.mask;
  const bool masked = std::find(mask.begin(), mask.end(), "STARTTLS") != mask.end();
  return settings.tls.certificate.empty() || masked ? smtp::Tls::none : smtp::Tls::starttls;
}

bool is_submission(config::SmtpMode mode) {
  return mode == config::SmtpMode::submission || mode == config::SmtpMode::submissions;
}

smtp::Extensions offered_by(const config::Settings& settings,
                            const config::SmtpListener& listener) {
  smtp::Extensions offered = smtp::ServerSettings{}.offered;
  offered.xclient = true;
  offered.auth = is_submission(listener.mode);
  offered.auth_in_clear = settings.smtpd.plaintext_auth == config::PlaintextAuth::loopback;
  offered.future_release_max = settings.smtpd.future_release_max;
  offered.future_release = is_submission(listener.mode) && offered.future_release_max.count() > 0;
  for (const std::string& keyword : listener.mask) smtp::withdraw(keyword, offered);
  return offered;
}

}  // namespace

checks::Service service_of(const smtp::ServerSettings& listener) noexcept {
  return listener.authentication_required || listener.protocol == smtp::Protocol::lmtp
             ? checks::Service::own
             : checks::Service::open;
}

smtp::ServerSettings session_settings(const config::Settings& settings,
                                      const config::SmtpListener& listener) {
  const config::Settings::Smtpd& smtpd = settings.smtpd;
  return {.hostname = settings.hostname,
          .protocol =
              listener.mode == config::SmtpMode::lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp,
          .offered = offered_by(settings, listener),
          .line_limit = smtpd.line_limit,
          .text_line_limit = smtpd.text_line_limit,
          .message_size_limit = smtpd.message_size_limit,
          .recipient_limit = smtpd.recipient_limit,
          .recipient_domain_limit = smtpd.recipient_domain_limit,
          .bad_command_limit = smtpd.bad_command_limit,
          .message_limit = smtpd.message_limit,
          .vrfy = smtpd.vrfy == "on",
          .expn = smtpd.expn == "on",
          .tls = tls_of(settings, listener),
          .authentication_required = is_submission(listener.mode)};
}

}  // namespace postrider::smtpd
