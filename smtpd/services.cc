#include "smtpd/services.h"

namespace postrider::smtpd {

smtp::ServerSettings session_settings(const config::Settings& settings) {
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
          .expn = smtpd.expn == "on"};
}

}  // namespace postrider::smtpd
