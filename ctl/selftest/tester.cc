#include "ctl/selftest/tester.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "common/base/random.h"
#include "common/config/routes.h"
#include "common/directory/app_password.h"
#include "ctl/queue_client.h"
#include "ctl/user_logins.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using directory::DirectoryEditor;

constexpr std::string_view kPrefix = "selftest-";
constexpr std::size_t kRandomLetters = 10;  // that no user's name has by chance

std::string random_name() {
  SystemRandom random;
  std::string name(kPrefix);
  for (std::size_t i = 0; i < kRandomLetters; ++i)
    name += static_cast<char>('a' + static_cast<char>(random.below(26)));
  return name;
}

Secret random_password() {
  std::string password(directory::new_app_password().reveal());
  password.erase(std::remove(password.begin(), password.end(), '-'), password.end());
  return Secret(std::move(password));
}

std::string mailbox_of(const config::Settings& settings, const std::string& address) {
  const std::size_t at = address.find('@');
  return fmt::format("{}/{}/{}", settings.paths.mail, address.substr(at + 1),
                     address.substr(0, at));
}

Result<void> remove_folder(const std::string& mailbox) {
  std::error_code error;
  fs::remove_all(mailbox, error);
  if (error) return fail_errno(mailbox, error.value());
  return {};
}

void keep_first(Result<void>& first, Result<void> next) {
  if (first && !next) first = std::move(next);
}

// Its mailbox's folder, and what is known of its logins, go with it; or why not.
Result<void> remove_tester(DirectoryEditor& editor, const config::Settings& settings,
                           const std::string& address) {
  auto done = editor.remove_user(address);
  keep_first(done, remove_folder(mailbox_of(settings, address)));
  keep_first(done, forget_logins(settings.paths.data, address));
  return done;
}

using Names = std::set<std::string, std::less<>>;

// Of those without a user.
Result<void> remove_mailboxes(const std::string& domain, const config::Settings& settings,
                              const Names& users) {
  const auto youngest = fs::file_time_type::clock::now() - kAbandoned;
  std::error_code error;
  Result<void> done;
  for (fs::directory_iterator entry(fmt::format("{}/{}", settings.paths.mail, domain), error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string address = fmt::format("{}@{}", entry->path().filename().string(), domain);
    if (!is_tester(address) || users.count(address) > 0) continue;
    std::error_code of_time;
    const auto changed = entry->last_write_time(of_time);
    if (!of_time && changed < youngest) keep_first(done, remove_folder(entry->path().string()));
  }
  return done;
}

Result<void> forget_testers(const config::Settings& settings, const Names& users) {
  const auto logins = auth::LoginTable::read(settings.paths.data);
  if (!logins) return pass_on(logins.error());
  Result<void> done;
  for (const auto& [mailbox, record] : *logins)
    if (is_tester(mailbox) && users.count(mailbox) == 0)
      keep_first(done, forget_logins(settings.paths.data, mailbox));
  return done;
}

// The first domain whose mail ends in our own mailboxes.
Result<std::string> domain_for(const std::string& name, DirectoryEditor& editor,
                               const config::Settings& settings) {
  const auto domains = editor.domains();
  if (!domains) return pass_on(domains.error());
  std::string elsewhere;
  for (const auto& domain : *domains) {
    if (domain.settings.disabled) continue;
    const std::string address = fmt::format("{}@{}", name, domain.name);
    if (config::find_route(settings.routes, domain.name, config::Whose::ours,
                           {.sender = address, .account = address}) == nullptr)
      return domain.name;
    elsewhere = domain.name;
  }
  if (elsewhere.empty())
    return fail(ErrorKind::invalid,
                "no domain gets mail here; add one: postrider domain add example.com");
  return fail(ErrorKind::invalid,
              fmt::format("a [[route]] takes the mail of every domain, as that of {}, elsewhere: "
                          "there is no mailbox here to be tried",
                          elsewhere));
}

Result<void> erase_mail_of(const std::string& sender, const config::Settings& settings) {
  auto queued = QueueClient::connect(settings.paths.run);
  if (!queued) return pass_on(queued.error());
  ipc::AdminRequest request;
  request.set_verb(ipc::AdminRequest::ERASE);
  request.mutable_filter()->set_sender(sender);
  request.set_why("of a selftest that failed");
  return (*queued)->ask(request, [](const ipc::AdminReply&, const Fd&) {});
}

}  // namespace

bool is_tester(std::string_view address) noexcept {
  if (!address.starts_with(kPrefix)) return false;
  address.remove_prefix(kPrefix.size());
  const std::size_t at = address.find('@');
  return at == kRandomLetters && std::all_of(address.begin(), address.begin() + at,
                                             [](char c) { return c >= 'a' && c <= 'z'; });
}

Result<void> remove_abandoned(DirectoryEditor& editor, const config::Settings& settings,
                              WallTime now) {
  const auto users = editor.users();
  if (!users) return pass_on(users.error());
  const auto domains = editor.domains();
  if (!domains) return pass_on(domains.error());
  const auto oldest =
      std::chrono::duration_cast<std::chrono::seconds>((now - kAbandoned).time_since_epoch());
  Result<void> done;
  Names testers;
  for (const directory::User& user : *users) {
    if (!is_tester(user.address)) continue;
    testers.insert(user.address);
    if (user.created < oldest.count())
      keep_first(done, remove_tester(editor, settings, user.address));
  }
  for (const auto& domain : *domains)
    keep_first(done, remove_mailboxes(domain.name, settings, testers));
  keep_first(done, forget_testers(settings, testers));
  return done;
}

Tester::Tester(DirectoryEditor& editor, const config::Settings& settings, std::string made)
    : address(std::move(made)),
      password(random_password()),
      mailbox(mailbox_of(settings, address)),
      editor_(editor),
      settings_(settings) {}

Result<Tester> Tester::make(DirectoryEditor& editor, const config::Settings& settings) {
  const std::string name = random_name();
  const auto domain = domain_for(name, editor, settings);
  if (!domain) return pass_on(domain.error());
  Tester tester(editor, settings, fmt::format("{}@{}", name, *domain));
  if (auto added = editor.add_user_with_password(tester.address, {}, tester.password, {}); !added)
    return pass_on(std::move(added.error()));
  tester.is_made_ = true;
  return tester;
}

Result<void> Tester::remove() {
  is_made_ = false;
  return remove_tester(editor_, settings_, address);
}

Result<void> Tester::withdraw() {
  const auto erased = erase_mail_of(address, settings_);
  if (erased) return remove();
  is_made_ = false;
  return fail(ErrorKind::temporary,
              fmt::format("its message may be in the queue still ({}), so its user {} stays until "
                          "a selftest in an hour or later",
                          erased.error().text, address));
}

}  // namespace postrider::ctl
