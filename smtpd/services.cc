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

smtp::Extensions offered_by(const config::SmtpListener& listener) {
  smtp::Extensions offered = smtp::ServerSettings{}.offered;
  offered.xclient = true;
  for (const std::string& keyword : listener.mask) smtp::withdraw(keyword, offered);
  return offered;
}

}  // namespace

smtp::ServerSettings session_settings(const config::Settings& settings,
                                      const config::SmtpListener& listener) {
  const config::Settings::Smtpd& smtpd = settings.smtpd;
  return {.hostname = settings.hostname,
          .protocol = listener.mode == config::SmtpMode::lmtp ? smtp::Protocol::lmtp
                                                              : smtp::Protocol::smtp,
          .offered = offered_by(listener),
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
          .authentication_required = listener.mode == config::SmtpMode::submission ||
                                     listener.mode == config::SmtpMode::submissions};
}

}  // namespace postrider::smtpd
