#include "ctl/selftest/selftest.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/directory/app_password.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/reachable.h"
#include "ctl/selftest/late_signals.h"
#include "ctl/selftest/mail_client.h"
#include "ctl/user_logins.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using directory::DirectoryEditor;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{2};

std::string mailbox_of(const config::Settings& settings, const std::string& address) {
  const std::size_t at = address.find('@');
  return fmt::format("{}/{}/{}", settings.paths.mail, address.substr(at + 1),
                     address.substr(0, at));
}

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

constexpr std::string_view kPrefix = "selftest-";
constexpr std::size_t kRandomLetters = 10;  // that no user's name has by chance

std::string random_name() {
  SystemRandom random;
  std::string name(kPrefix);
  for (std::size_t i = 0; i < kRandomLetters; ++i)
    name += static_cast<char>('a' + static_cast<char>(random.below(26)));
  return name;
}

// Its mailbox's folder, and what is known of its logins, go with it; or why not.
Result<void> remove_tester(DirectoryEditor& editor, const config::Settings& settings,
                           const std::string& address) {
  auto done = editor.remove_user(address);
  const auto forgot = forget_logins(settings.paths.data, address);
  const std::string mailbox = mailbox_of(settings, address);
  std::error_code error;
  fs::remove_all(mailbox, error);
  if (error && done) done = fail_errno(mailbox, error.value());
  return done ? forgot : done;
}

// What tests left that were killed. Another that runs now is younger.
void remove_abandoned(DirectoryEditor& editor, const config::Settings& settings, WallTime now) {
  const auto users = editor.users();
  if (!users) return;
  const auto oldest =
      std::chrono::duration_cast<std::chrono::seconds>((now - kAbandoned).time_since_epoch());
  for (const directory::User& user : *users)
    if (is_tester(user.address) && user.created < oldest.count())
      static_cast<void>(remove_tester(editor, settings, user.address));
}

// A user for this one test, and its mailbox: both go with it.
class Tester {
 public:
  static Result<Tester> make(DirectoryEditor& editor, const config::Settings& settings) {
    const auto domains = editor.domains();
    if (!domains) return pass_on(domains.error());
    const auto domain = std::find_if(domains->begin(), domains->end(),
                                     [](const auto& one) { return !one.settings.disabled; });
    if (domain == domains->end())
      return fail(ErrorKind::invalid,
                  "no domain gets mail here; add one: postrider domain add example.com");
    std::string password(directory::new_app_password().reveal());
    password.erase(std::remove(password.begin(), password.end(), '-'), password.end());
    Tester tester(editor, settings, random_name(), domain->name, Secret(std::move(password)));
    if (auto added = editor.add_user_with_password(tester.address, {}, tester.password, {}); !added)
      return pass_on(std::move(added.error()));
    tester.is_made_ = true;
    return tester;
  }
  Tester(Tester&& other) noexcept
      : address(std::move(other.address)),
        password(std::move(other.password)),
        mailbox(std::move(other.mailbox)),
        editor_(other.editor_),
        settings_(other.settings_),
        is_made_(std::exchange(other.is_made_, false)) {}
  ~Tester() {
    if (is_made_) static_cast<void>(remove());
  }

  // Both, or why not.
  Result<void> remove() {
    is_made_ = false;
    return remove_tester(editor_, settings_, address);
  }

  std::string address;
  Secret password;
  std::string mailbox;  // the folder that has its Maildir

 private:
  Tester(DirectoryEditor& editor, const config::Settings& settings, const std::string& name,
         const std::string& domain, Secret made)
      : address(name + '@' + domain),
        password(std::move(made)),
        mailbox(mailbox_of(settings, address)),
        editor_(editor),
        settings_(settings) {}

  DirectoryEditor& editor_;
  const config::Settings& settings_;
  bool is_made_ = false;
};

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
    const auto fetched = client.fetch(pop3);
    if (!fetched) return failed("fetched", pop3.str(), fetched.error().text, "postrider-pop3d");
    // Trace fields come before it; nothing else is changed.
    if (!fetched->ends_with(message.substr(message.find("\r\n\r\n"))))
      return fail(ErrorKind::corrupt, "fetched: what came is not what was sent");
    step("fetched", pop3.str());
    if (auto done = client.remove(pop3); !done)
      return failed("deleted", pop3.str(), done.error().text, "postrider-pop3d");
    if (is_there(tester.mailbox))
      return fail(ErrorKind::temporary, "deleted: the message is still in the mailbox");
    step("deleted", pop3.str());
    return {};
  }

 private:
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

bool is_tester(std::string_view address) noexcept {
  if (!address.starts_with(kPrefix)) return false;
  address.remove_prefix(kPrefix.size());
  const std::size_t at = address.find('@');
  return at == kRandomLetters && std::all_of(address.begin(), address.begin() + at,
                                             [](char c) { return c >= 'a' && c <= 'z'; });
}

Result<void> test_mail(const config::Settings& settings, std::vector<SelftestStep>& steps) {
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
  remove_abandoned(*editor, settings, SystemClock().now());
  const LateSignals signals;  // until its user is removed
  auto tester = Tester::make(*editor, settings);
  if (!tester) return pass_on(std::move(tester.error()));
  if (auto done = Selftest(steps, signals).run(*tester, *smtp, *pop3); !done) return done;
  return tester->remove();
}

}  // namespace postrider::ctl
