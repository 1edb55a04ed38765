#include "ctl/doctor/held_sockets.h"

#include <string>

#include <catch2/catch.hpp>

namespace ctl_doctor_held_sockets_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

std::string units(const config::Settings& settings) {
  std::string all;
  for (const HeldSocket& socket : unserved_sockets(settings)) all += std::string(socket.unit) + ' ';
  return all;
}

}  // namespace

TEST_CASE("held sockets: those that no listener serves are named, whatever address it is at",
          "[doctor]") {
  config::Settings settings;
  settings.smtpd.listen = {{"0.0.0.0:25", config::SmtpMode::mx},
                           {"[::1]:465", config::SmtpMode::submissions},
                           {"127.0.0.1:2587", config::SmtpMode::submission}};
  settings.pop3d.listen = {{"0.0.0.0:995", config::Pop3Tls::implicit}};
  CHECK(units(settings) ==
        "postrider-submission.socket postrider-local-submission.socket postrider-pop3.socket ");
  settings.smtpd.listen.push_back({"unix:/run/postrider/submit.sock", config::SmtpMode::local});
  settings.smtpd.listen.push_back({"0.0.0.0:587", config::SmtpMode::submission});
  settings.pop3d.listen.push_back({"0.0.0.0:110", config::Pop3Tls::starttls});
  CHECK(units(settings).empty());
}

}  // namespace ctl_doctor_held_sockets_test
