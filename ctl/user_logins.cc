#include "ctl/user_logins.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/timestamp.h"
#include "ctl/mailbox_rights.h"

namespace postrider::ctl {

namespace {

using LastLogin = std::optional<auth::LoginRecord::Event>;

nlohmann::json event_json(const LastLogin& event) {
  if (!event) return {};
  return {{"time", to_timestamp(event->when)}, {"client", event->client}};
}

std::string shown(const LastLogin& event) {
  if (!event) return "none known";
  return fmt::format("{} from {}", to_timestamp(event->when), event->client);
}

}  // namespace

Result<void> forget_logins(const std::string& data_directory, const std::string& mailbox) {
  struct stat data {};
  if (::stat(data_directory.c_str(), &data) != 0) return fail_errno(data_directory, errno);
  for (const auto service : {directory::Service::smtp, directory::Service::pop3}) {
    const std::string name = auth::LoginTable::folder(data_directory, service);
    const Fd folder(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && errno == ENOENT) continue;
    if (!folder) return fail_errno(name, errno);
    const auto rights = MailboxRights::take(folder.get(), data.st_gid);
    if (!rights) return pass_on(rights.error());
    if (auto done = auth::LoginTable::forget(data_directory, service, mailbox); !done) return done;
  }
  return {};
}

nlohmann::json UserLogins::json(const std::string& mailbox) const {
  if (!records_) return {};
  const auth::LoginRecord record = of(mailbox);
  return {{"last_login", event_json(record.last_login)},
          {"failures", record.failures},
          {"last_failure", event_json(record.last_failure)}};
}

std::string UserLogins::last_login(const std::string& mailbox) const {
  if (!records_) return fmt::format("not known: {}", records_.error().text);
  return shown(of(mailbox).last_login);
}

std::string UserLogins::failures(const std::string& mailbox) const {
  if (!records_) return "not known";
  const auth::LoginRecord record = of(mailbox);
  if (record.failures == 0) return "none";
  return fmt::format("{}, the last {}", record.failures, shown(record.last_failure));
}

auth::LoginRecord UserLogins::of(const std::string& mailbox) const {
  const auto found = records_->find(mailbox);
  return found == records_->end() ? auth::LoginRecord() : found->second;
}

}  // namespace postrider::ctl
