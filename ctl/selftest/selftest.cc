#include "ctl/selftest/selftest.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/reachable.h"
#include "ctl/selftest/late_signals.h"
#include "ctl/selftest/mail_client.h"
#include "ctl/selftest/tester.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using directory::DirectoryEditor;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{2};

// Of those that users send by, one under TLS at once before others.
std::optional<MailClient::Server> submission_server(const config::Settings& settings) {
  std::optional<MailClient::Server> found;
  for (const config::SmtpListener& listener : settings.smtpd.listen) {
    const bool implicit = listener.mode == config::SmtpMode::submissions;
    if ((!implicit && listener.mode != config::SmtpMode::submission) || listener.proxy) continue;
    const auto address = reachable(listener.address);
    if (!address || (found && !implicit)) continue;
    found = {*address, implicit                           ? MailClient::Tls::implicit
                       : settings.tls.certificate.empty() ? MailClient::Tls::none
                                                          : MailClient::Tls::upgraded};
    if (implicit) break;
  }
  return found;
}

std::optional<MailClient::Server> pop3_server(const config::Settings& settings) {
  std::optional<MailClient::Server> found;
  for (const config::Pop3Listener& listener : settings.pop3d.listen) {
    const bool implicit = listener.tls == config::Pop3Tls::implicit;
    const auto address = reachable(listener.address);
    if (!address || listener.proxy || (found && !implicit)) continue;
    const bool upgraded =
        listener.tls == config::Pop3Tls::starttls && !settings.tls.certificate.empty();
    found = {*address, implicit   ? MailClient::Tls::implicit
                       : upgraded ? MailClient::Tls::upgraded
                                  : MailClient::Tls::none};
    if (implicit) break;
  }
  return found;
}

class Selftest {
 public:
  Selftest(std::vector<SelftestStep>& steps, const LateSignals& signals)
      : steps_(steps), signals_(signals) {}

  Result<void> run(Tester& tester, const MailClient::Server& smtp, const MailClient::Server& pop3) {
    const MailClient client(tester.address, tester.password);
    const std::string message = compose(tester.address);
    if (auto done = client.submit(smtp, message); !done)
      return failed("submitted", smtp.str(), done.error().text, "postrider-smtpd");
    step("submitted", smtp.str());
    if (!is_delivered(tester.mailbox))
      return fail(ErrorKind::temporary,
                  fmt::format("delivered: not within {} s; see why: postrider queue summary",
                              kDeliveryTime.count()));
    step("delivered", tester.mailbox);
    if (auto done = fetch_and_delete(client, message, pop3); !done) return done;
    if (is_there(tester.mailbox))
      return fail(ErrorKind::temporary, "deleted: the message is still in the mailbox");
    step("deleted", pop3.str());
    return {};
  }

 private:
  // In one session: pop3d.login_delay may not allow a second.
  Result<void> fetch_and_delete(const MailClient& client, const std::string& message,
                                const MailClient::Server& pop3) {
    MailClient::Session session(client, pop3);
    const auto fetched = session.fetch();
    if (!fetched) return failed("fetched", pop3.str(), fetched.error().text, "postrider-pop3d");
    // Trace fields come before it; nothing else is changed.
    if (!fetched->ends_with(message.substr(message.find("\r\n\r\n"))))
      return fail(ErrorKind::corrupt, "fetched: what came is not what was sent");
    step("fetched", pop3.str());
    if (auto done = session.remove(); !done)
      return failed("deleted", pop3.str(), done.error().text, "postrider-pop3d");
    return {};
  }

  static std::string compose(const std::string& address) {
    SystemRandom random;
    return fmt::format(
        "From: <{0}>\r\nTo: <{0}>\r\nSubject: postrider selftest\r\n\r\nThis is message "
        "{1:016x}{2:016x}.\r\n",
        address, random.next(), random.next());
  }

  static tl::unexpected<Error> failed(std::string_view step, const std::string& where,
                                      const std::string& why, std::string_view unit) {
    return fail(
        ErrorKind::temporary,
        fmt::format("{}: {}: {}; the log tells more: journalctl -u {}", step, where, why, unit));
  }

  static bool is_there(const std::string& mailbox) {
    std::error_code error;
    for (const char* folder : {"/Maildir/new", "/Maildir/cur"}) {
      const fs::directory_iterator files(mailbox + folder, error);
      if (!error && files != fs::directory_iterator()) return true;
    }
    return false;
  }

  bool is_delivered(const std::string& mailbox) const {
    const auto deadline = steady_clock::now() + kDeliveryTime;
    while (!is_there(mailbox)) {
      if (steady_clock::now() > deadline || signals_.is_any()) return false;
      std::this_thread::sleep_for(kLook);
    }
    return true;
  }

  void step(std::string_view name, std::string text) {
    const auto now = steady_clock::now();
    steps_.push_back({name, std::chrono::duration_cast<std::chrono::microseconds>(now - since_),
                      std::move(text)});
    since_ = now;
  }

  std::vector<SelftestStep>& steps_;
  const LateSignals& signals_;
  steady_clock::time_point since_ = steady_clock::now();
};

}  // namespace

Result<void> test_mail(const config::Settings& settings, SelftestReport& report) {
  const auto smtp = submission_server(settings);
  if (!smtp)
    return fail(ErrorKind::invalid,
                "nothing listens for users who send: smtpd.listen needs the mode submissions or "
                "submission, without proxy");
  const auto pop3 = pop3_server(settings);
  if (!pop3)
    return fail(ErrorKind::invalid, "nothing listens for POP3 without proxy: pop3d.listen");
  auto editor =
      DirectoryEditor::open(fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName),
                            sqlite::Access::write, SystemClock().now());
  if (!editor) return pass_on(std::move(editor.error()));
  if (const auto tidied = remove_abandoned(*editor, settings, SystemClock().now()); !tidied)
    report.left_over = tidied.error().text;
  const LateSignals signals;  // until its user is removed
  auto tester = Tester::make(*editor, settings);
  if (!tester) return pass_on(std::move(tester.error()));
  auto done = Selftest(report.steps, signals).run(*tester, *smtp, *pop3);
  if (done) return tester->remove();
  if (const auto gone = tester->withdraw(); !gone)
    done.error().text += fmt::format("; {}", gone.error().text);
  return done;
}

}  // namespace postrider::ctl
