#include "smtpd/services.h"

namespace postrider::smtpd {

namespace {

smtp::Tls tls_of(const config::Settings& settings, config::SmtpMode mode) {
  if (mode == config::SmtpMode::submissions) return smtp::Tls::implicit;
  return settings.tls.certificate.empty() ? smtp::Tls::none : smtp::Tls::starttls;
}

}  // namespace

smtp::ServerSettings session_settings(const config::Settings& settings, config::SmtpMode mode) {
  const config::Settings::Smtpd& smtpd = settings.smtpd;
  return {.hostname = settings.hostname,
          .line_limit = smtpd.line_limit,
          .text_line_limit = smtpd.text_line_limit,
          .message_size_limit = smtpd.message_size_limit,
          .recipient_limit = smtpd.recipient_limit,
          .recipient_domain_limit = smtpd.recipient_domain_limit,
          .bad_command_limit = smtpd.bad_command_limit,
          .message_limit = smtpd.message_limit,
          .vrfy = smtpd.vrfy == "on",
          .expn = smtpd.expn == "on",
          .tls = tls_of(settings, mode),
          .authentication_required =
              mode == config::SmtpMode::submission || mode == config::SmtpMode::submissions};
}

}  // namespace postrider::smtpd
