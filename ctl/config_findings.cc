#include "ctl/config_findings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/config/next_hops.h"
#include "common/config/tls.h"
#include "common/directory/schema.h"
#include "common/net/address.h"
#include "common/net/ticket_keys.h"
#include "common/net/tls_client.h"
#include "common/net/tls_server.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using config::Settings;
using ConfigFindings = std::vector<ConfigFinding>;

void add(ConfigFindings& findings, std::string_view parameter, std::string text) {
  findings.push_back({std::string(parameter), std::move(text)});
}
void warn(ConfigFindings& findings, std::string_view parameter, std::string text) {
  findings.push_back({std::string(parameter), std::move(text), false});
}

void look_at_certificates(const Settings& settings, ConfigFindings& findings) {
  if (settings.tls.certificate.empty()) return;
  net::TicketKeys keys;
  const SystemClock clock;
  const auto loaded = net::TlsServer::load(config::tls_options(settings, {}), keys, clock);
  if (!loaded) add(findings, "tls.certificate", loaded.error().text);
}

void look_at_authorities(const Settings& settings, ConfigFindings& findings) {
  if (settings.tls.ca_file.empty()) return;
  const SystemClock clock;
  const auto loaded = net::TlsClient::load(settings.tls.ca_file, clock);
  if (!loaded) add(findings, "tls.ca_file", loaded.error().text);
}

// What could be said of a file that is to be read; empty: nothing.
std::string obstacle(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno(path, errno).value().text;
  return S_ISDIR(status.st_mode) ? path + ": is a folder, not a file" : "";
}

void look_at_password_files(const Settings& settings, ConfigFindings& findings) {
  const std::string& common = settings.passwords.common;
  if (!common.empty())
    if (std::string why = obstacle(common); !why.empty())
      add(findings, "passwords.common", std::move(why));
  const std::string& secret = settings.relay.smarthost_password_file;
  if (secret.empty()) return;
  if (std::string why = obstacle(secret); !why.empty())
    return add(findings, "relay.smarthost_password_file", std::move(why));
  struct stat status {};
  if (::stat(secret.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
    add(findings, "relay.smarthost_password_file",
        fmt::format("{}: every user of the host may read or write the password; chmod o-rw it",
                    secret));
}

// A daemon makes the folder itself, where its parent lets it.
std::string folder_obstacle(const std::string& path) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (is_there && !S_ISDIR(status.st_mode)) return path + ": is a file, not a folder";
  const std::string folder = is_there ? path : fs::path(path).parent_path().string();
  if (::faccessat(AT_FDCWD, (folder + "/.").c_str(), W_OK | X_OK, AT_EACCESS) == 0) return "";
  const std::string why = fail_errno(folder, errno).value().text;
  return is_there ? fmt::format("{}; the suite has to be able to write there", why)
                  : fmt::format(
                        "{}: is not there, and cannot be made: {}; make it, or start what "
                        "makes it (systemd-tmpfiles)",
                        path, why);
}

void look_at_folders(const Settings& settings, ConfigFindings& findings) {
  const auto& paths = settings.paths;
  const std::array<std::pair<std::string_view, const std::string*>, 4> folders{
      {{"paths.spool", &paths.spool},
       {"paths.mail", &paths.mail},
       {"paths.data", &paths.data},
       {"paths.run", &paths.run}}};
  for (const auto& [name, path] : folders) {
    if (std::string why = folder_obstacle(*path); !why.empty()) add(findings, name, std::move(why));
    for (const auto& [other, other_path] : folders) {
      if (name == other) break;
      if (*path == *other_path)
        add(findings, name,
            fmt::format("{}: {} is the same folder; each needs one of its own", *path, other));
      if (path->starts_with(*other_path + '/') || other_path->starts_with(*path + '/'))
        add(findings, name,
            fmt::format("{}: one of it and {} lies in the other; let them stand side by side",
                        *path, other));
    }
  }
  const std::string database = fmt::format("{}/{}", paths.data, directory::kDatabaseName);
  if (::access(database.c_str(), F_OK) != 0 && errno == ENOENT)
    warn(findings, "paths.data",
         fmt::format("{}: there are no domains and users yet; `postrider domain add` makes it",
                     database));
}

void look_at_socket_names(const Settings& settings, ConfigFindings& findings) {
  constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  const auto look = [&](std::string_view parameter, std::string_view path) {
    if (path.size() > kMost)
      add(findings, parameter,
          fmt::format("{}: a socket's path has at most {} octets; choose a shorter one", path,
                      kMost));
  };
  look("paths.run", settings.paths.run + "/queued.sock");
  for (const config::SmtpListener& listener : settings.smtpd.listen)
    if (const auto path = config::unix_path(listener.address)) look("smtpd.listen", *path);
}

// Of one family, since IPv6 sockets take IPv6 alone.
bool clash(const net::SocketAddress& one, const net::SocketAddress& other) {
  return one.port == other.port && one.ip.is_v4() == other.ip.is_v4() &&
         (one.ip == other.ip || one.ip.is_unspecified() || other.ip.is_unspecified());
}

void look_at_listeners(const Settings& settings, ConfigFindings& findings) {
  std::vector<std::pair<std::string_view, std::string>> all;
  for (const auto& listener : settings.smtpd.listen)
    all.emplace_back("smtpd.listen", listener.address);
  for (const auto& listener : settings.pop3d.listen)
    all.emplace_back("pop3d.listen", listener.address);
  if (!settings.metrics.listen.empty()) all.emplace_back("metrics.listen", settings.metrics.listen);
  for (auto one = all.begin(); one != all.end(); ++one) {
    const auto address = net::SocketAddress::parse(one->second);
    for (auto before = all.begin(); before != one; ++before) {
      const auto taken = net::SocketAddress::parse(before->second);
      const bool is_so = address && taken ? clash(*address, *taken) : one->second == before->second;
      if (is_so)
        add(findings, one->first,
            fmt::format(
                "{} cannot be listened on beside {} of {}; take one of them out, or give it "
                "another port",
                one->second, before->second, before->first));
    }
  }
}

void look_at_next_hops(const Settings& settings, ConfigFindings& findings) {
  for (const config::Route& route : settings.routes)
    for (const std::string& via : route.via) {
      const auto store = config::lmtp_socket(via);
      if (!store) continue;
      const std::string path(*store);
      if (::access(path.c_str(), F_OK) != 0)
        warn(findings, "route",
             fmt::format("{}; mail for {} waits until the mail store has made its socket",
                         fail_errno(path, errno).value().text, route.match));
    }
}

constexpr std::array kLooks{&look_at_certificates, &look_at_authorities,  &look_at_password_files,
                            &look_at_folders,      &look_at_socket_names, &look_at_listeners,
                            &look_at_next_hops};

}  // namespace

std::vector<ConfigFinding> look_around(const Settings& settings) {
  ConfigFindings findings;
  for (const auto look : kLooks) look(settings, findings);
  return findings;
}

}  // namespace postrider::ctl
