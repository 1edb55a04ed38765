#include "ctl/instance.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/domain_name.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/net/certificate.h"
#include "ctl/new_file.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 10> kFolders{"spool",
                                               "spool/incoming",
                                               "spool/incoming/large",
                                               "spool/deferred",
                                               "spool/quarantine",
                                               "mail",
                                               "data",
                                               "data/trace",
                                               "run",
                                               "tls"};

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPublicFile = 0644;

constexpr std::string_view kConfiguration = R"(# An instance of Postrider, made by `postrider init`.
# `postrider config show` lists every parameter, `postrider config explain NAME` says what it does.
# Names of files start from the folder of this file.

version = 1
hostname = "{hostname}"

[paths]
spool = "spool"
mail = "mail"
data = "data"
run = "run"

[tls]
certificate = "tls/certificate.pem"
key = "tls/key.pem"

[smtpd]
listen = [{{ address = "127.0.0.1:{smtp}", mode = "mx" }},
          {{ address = "127.0.0.1:{submission}", mode = "submission" }},
          {{ address = "127.0.0.1:{submissions}", mode = "submissions" }},
          {{ address = "127.0.0.1:{lmtp}", mode = "lmtp" }},
          {{ address = "unix:run/submit.sock", mode = "local" }}]
workers = 2

# Who may send to other domains.
[relay]
networks = ["127.0.0.0/8", "::1/128"]

# Where mail for a domain goes instead of its own way:
# [[route]]
# match = "example.net"
# via = "smtp:[127.0.0.1]:2525"

[pop3d]
listen = [{{ address = "127.0.0.1:{pop3}", tls = "starttls" }},
          {{ address = "127.0.0.1:{pop3s}", tls = "implicit" }}]
workers = 1
plaintext_auth = "loopback"

# What runs, how much, and what is wrong: http://127.0.0.1:{http}/, and /metrics for Prometheus.
[metrics]
listen = "127.0.0.1:{http}"
)";

std::string configuration(const InstancePlan& plan) {
  return fmt::format(
      kConfiguration, fmt::arg("hostname", plan.hostname),
      fmt::arg("smtp", plan.port_base + kSmtpPort),
      fmt::arg("submission", plan.port_base + kSubmissionPort),
      fmt::arg("submissions", plan.port_base + kSubmissionsPort),
      fmt::arg("lmtp", plan.port_base + kLmtpPort), fmt::arg("http", plan.port_base + kHttpPort),
      fmt::arg("pop3", plan.port_base + kPop3Port), fmt::arg("pop3s", plan.port_base + kPop3sPort));
}

Result<void> check(const InstancePlan& plan) {
  for (const std::string& name : {plan.hostname, plan.domain})
    if (!is_domain_name(name))
      return fail(ErrorKind::invalid, fmt::format("'{}' is not a domain name", name));
  if (plan.port_base > kMaxPortBase)
    return fail(ErrorKind::invalid, fmt::format("the port base is at most {}", kMaxPortBase));
  std::error_code error;
  if (fs::exists(plan.directory, error) && !fs::is_empty(plan.directory, error))
    return fail(ErrorKind::invalid,
                fmt::format("{} has something in it already; nothing was changed", plan.directory));
  if (error) return fail_errno(plan.directory, error.value());
  return {};
}

Result<void> make_folders(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail_errno(directory, error.value());
  for (const char* name : kFolders) {
    const std::string path = fmt::format("{}/{}", directory, name);
    if (::mkdir(path.c_str(), kPrivateFolder) != 0) return fail_errno(path, errno);
  }
  return {};
}

Result<void> make_certificate(const InstancePlan& plan) {
  const auto made = net::make_self_signed(plan.hostname);
  if (!made) return pass_on(made.error());
  if (auto written = write_new_file(plan.directory + "/tls/key.pem", made->key, kPrivateFile);
      !written)
    return written;
  return write_new_file(plan.directory + "/tls/certificate.pem", made->certificate, kPublicFile);
}

// RFC 5321 section 4.5.1: every domain that takes mail has a postmaster. The user cannot log in
// until a password is set.
Result<void> make_directory(const InstancePlan& plan) {
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/data/{}", plan.directory, directory::kDatabaseName), sqlite::Access::create,
      SystemClock().now());
  if (!editor) return pass_on(std::move(editor.error()));
  const std::string postmaster = "postmaster@" + plan.domain;
  if (auto added = editor->add_domain(plan.domain); !added) return added;
  if (auto added = editor->add_user(postmaster); !added) return added;
  if (plan.hostname == plan.domain) return {};
  if (auto added = editor->add_domain(plan.hostname); !added) return added;
  return editor->add_alias("postmaster@" + plan.hostname, std::array{postmaster});
}

}  // namespace

Result<void> make_instance(const InstancePlan& plan) {
  if (auto right = check(plan); !right) return right;
  if (auto made = make_folders(plan.directory); !made) return made;
  if (auto made = make_certificate(plan); !made) return made;
  if (auto made = make_directory(plan); !made) return made;
  // Last: with it the instance is whole.
  return write_new_file(plan.directory + "/postrider.toml", configuration(plan), kPublicFile);
}

}  // namespace postrider::ctl
