#include "smtpd/services.h"

#include <algorithm>

namespace postrider::smtpd {

namespace {

smtp::Tls tls_of(const config::Settings& settings, const config::SmtpListener& listener) {
  if (listener.mode == config::SmtpMode::submissions) return smtp::Tls::implicit;
  if (listener.mode == config::SmtpMode::local) return smtp::Tls::none;
  const auto& mask = listener.mask;
  const bool masked = std::find(mask.begin(), mask.end(), "STARTTLS") != mask.end();
  return settings.tls.certificate.empty() || masked ? smtp::Tls::none : smtp::Tls::starttls;
}

bool has_users(config::SmtpMode mode) {
  return mode == config::SmtpMode::submission || mode == config::SmtpMode::submissions;
}

bool takes_submissions_in(config::SmtpMode mode) {
  return has_users(mode) || mode == config::SmtpMode::local;
}

smtp::Extensions offered_by(const config::Settings& settings,
                            const config::SmtpListener& listener) {
  smtp::Extensions offered = smtp::ServerSettings{}.offered;
  offered.xclient = true;
  offered.auth = has_users(listener.mode);
  offered.auth_in_clear = settings.smtpd.plaintext_auth == config::PlaintextAuth::loopback;
  offered.future_release_max = settings.smtpd.future_release_max;
  offered.future_release =
      takes_submissions_in(listener.mode) && offered.future_release_max.count() > 0;
  for (const std::string& keyword : listener.mask) smtp::withdraw(keyword, offered);
  return offered;
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
          .bad_recipient_limit = smtpd.bad_recipient_limit,
          .command_limit = smtpd.command_limit,
          .message_limit = smtpd.message_limit,
          .vrfy = smtpd.vrfy == "on",
          .expn = smtpd.expn == "on",
          .tls = tls_of(settings, listener),
          .authentication_required = has_users(listener.mode)};
}

}  // namespace

checks::Service Listener::service() const noexcept {
  return mode == config::SmtpMode::mx ? checks::Service::open : checks::Service::own;
}

bool Listener::takes_submissions() const noexcept { return takes_submissions_in(mode); }

checks::Client meet(const Services& services, const net::IpAddress& address,
                    checks::Service service) {
  checks::Client client = services.policy.meet(address, service);
  client.may_xclient = net::contains(services.xclient_networks, address);
  return client;
}

Listener make_listener(const config::Settings& settings, const config::SmtpListener& listener) {
  return {session_settings(settings, listener), listener.mode};
}

}  // namespace postrider::smtpd
