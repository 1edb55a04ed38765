// host_examinations.cc - what the doctor sees of the host itself: configuration, rights, disk,
// clock.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "common/config/daemon.h"
#include "common/directory/schema.h"
#include "common/ipc/roles.h"
#include "ctl/config_findings.h"
#include "ctl/doctor/examinations.h"
#include "ctl/doctor/group_rights.h"
#include "ctl/setup/host.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

constexpr mode_t kOthers = 0007;
constexpr mode_t kRights = 07777;

// Of a file whose content not everybody is to know, in a folder that not everybody enters or with
// rights of its own. One that is not there is no secret.
void examine_secret(Findings& findings, const std::string& path) {
  struct stat status {
  }, folder{};
  if (::stat(path.c_str(), &status) != 0 ||
      ::stat(std::filesystem::path(path).parent_path().c_str(), &folder) != 0)
    return;
  if ((status.st_mode & kOthers) == 0 || (folder.st_mode & S_IXOTH) == 0)
    return findings.ok(fmt::format("{} is for its owner and group alone.", path));
  findings.wrong(fmt::format("{}: every user of the host can get at it (mode {:04o}).", path,
                             status.st_mode & kRights),
                 fmt::format("chmod o= {}", path));
}

// Of the trace's collector, who asks nothing of queued (roles.h has the others).
constexpr std::string_view kTraceUser = "pr-trace";

void examine_users(Findings& findings) {
  for (const std::string_view user : {ipc::kSmtpdUser, ipc::kQueueUser, ipc::kMailUser,
                                      ipc::kRelayUser, ipc::kMonitorUser, kTraceUser})
    if (::getpwnam(std::string(user).c_str()) == nullptr)
      findings.wrong(fmt::format("The host has no user {}.", user),
                     "systemd-sysusers makes those of the package.");
}

// Of etc/sysusers.d: by which daemons read what root owns.
constexpr const char* kDirectoryGroup = "postrider";
void examine_reader(Findings& findings, const std::string& path, const char* group) {
  const struct group* const found = ::getgrnam(group);
  if (found == nullptr)
    return findings.wrong(fmt::format("The host has no group {}.", group),
                          "systemd-sysusers makes those of the package.");
  const std::string obstacle = obstacle_to(path, found->gr_gid);
  if (obstacle.empty()) return findings.ok(fmt::format("{} is read by {}.", path, group));
  if (obstacle == path)
    return findings.wrong(
        fmt::format("{} cannot be read by the group {}, as the daemons have to.", path, group),
        fmt::format("chgrp {0} {1} && chmod 0640 {1}", group, path));
  findings.wrong(fmt::format("{} cannot be read by the group {}, as the daemons have to: {} lets "
                             "it not through.",
                             path, group, obstacle),
                 fmt::format("Put the file where that group gets at it, as certbot's hook does "
                             "(postrider-recipes(7)), or: chgrp {0} {1} && chmod g+x {1}",
                             group, obstacle));
}

// By deliverd of role remote: by its own group, or the one that it shares with the others.
void examine_smarthost_password(Findings& findings, const std::string& path) {
  const std::string user(ipc::kRelayUser);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;  // told with the configuration
  const struct passwd* const relay = ::getpwnam(user.c_str());
  bool is_read = relay != nullptr && status.st_uid == relay->pw_uid && (status.st_mode & S_IRUSR);
  for (const char* name : {user.c_str(), kDirectoryGroup})
    if (const struct group* const found = ::getgrnam(name); found != nullptr)
      is_read = is_read || obstacle_to(path, found->gr_gid).empty();
  if (is_read) return findings.ok(fmt::format("{} is read by {}.", path, user));
  findings.wrong(
      fmt::format("{} cannot be read by {}, as deliverd has to.", path, user),
      fmt::format("chgrp {0} {1} && chmod 0640 {1}, and let {0} enter its folders", user, path));
}

void examine_key_pair(Findings& findings, const std::string& certificate, const std::string& key) {
  for (const std::string* file : {&certificate, &key})
    if (!file->empty()) examine_reader(findings, *file, kKeyGroup);
}

std::uint64_t percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100 : part * 100 / whole;
}

void examine_file_system(Findings& findings, const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return;  // told with the configuration
  const std::uint64_t free = percent(disk.f_bavail, disk.f_blocks);
  const std::uint64_t inodes = percent(disk.f_favail, disk.f_files);
  const std::string text =
      fmt::format("{}: {} free, {} %; {} % of the inodes.", folder,
                  short_size(std::uint64_t{disk.f_bavail} * disk.f_frsize), free, inodes);
  if (free >= kFewPercentFree && inodes >= kFewPercentFree) return findings.ok(text);
  findings.warn(text, "Make room before mail has to wait.");
}

}  // namespace

Findings examine_configuration(const Patient& patient) {
  Findings findings("configuration");
  const config::Settings& settings = patient.settings;
  for (const ConfigFinding& found : look_around(settings))
    findings.add(
        found.is_error ? Health::wrong : Health::warning,
        fmt::format("{}: {}", found.parameter, found.text),
        fmt::format("`postrider config explain {}` tells what it is for.", found.parameter));
  if (settings.hostname.find('.') == std::string::npos)
    findings.wrong(fmt::format("hostname = \"{}\" has no dot: no other server can look it up.",
                               settings.hostname),
                   "Write the name under which DNS knows this host.");
  if (findings.all().empty()) findings.ok(fmt::format("{} is right.", patient.config_file));
  return findings;
}

Findings examine_rights(const Patient& patient) {
  Findings findings("rights");
  const config::Settings& settings = patient.settings;
  examine_secret(findings, fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName));
  if (!settings.tls.key.empty()) examine_secret(findings, settings.tls.key);
  for (const auto& files : settings.tls.additional) examine_secret(findings, files.key);
  if (!settings.relay.smarthost_password_file.empty())
    examine_secret(findings, settings.relay.smarthost_password_file);
  if (patient.config_file != config::kDefaultPath) return findings;
  examine_users(findings);
  examine_reader(findings, fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName),
                 kDirectoryGroup);
  examine_reader(findings, patient.config_file, kDirectoryGroup);
  examine_key_pair(findings, settings.tls.certificate, settings.tls.key);
  for (const auto& files : settings.tls.additional)
    examine_key_pair(findings, files.certificate, files.key);
  if (!settings.relay.smarthost_password_file.empty())
    examine_smarthost_password(findings, settings.relay.smarthost_password_file);
  return findings;
}

Findings examine_disk(const Patient& patient) {
  Findings findings("disk");
  const auto& paths = patient.settings.paths;
  for (const std::string* folder : {&paths.spool, &paths.mail, &paths.data})
    examine_file_system(findings, *folder);
  return findings;
}

// A wrong clock breaks certificates, retries and the order of mail.
Findings examine_clock(const Patient&) {
  Findings findings("clock");
  timex state{};
  const int condition = ::adjtimex(&state);
  if (condition < 0) {
    findings.warn(fail_errno("adjtimex", errno).value().text, "See timedatectl status.");
  } else if (condition == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    findings.warn("Nothing is known to keep it right.",
                  "Install systemd-timesyncd or chrony; in a container its host has to.");
  } else {
    findings.ok("It is kept right.");
  }
  return findings;
}

}  // namespace postrider::ctl
