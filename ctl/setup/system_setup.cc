#include "ctl/setup/system_setup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/clock.h"
#include "common/base/domain_name.h"
#include "common/base/random.h"
#include "common/config/daemon.h"
#include "common/config/load.h"
#include "common/directory/address.h"
#include "common/directory/app_password.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/net/certificate.h"
#include "common/routing/return_paths.h"
#include "ctl/new_file.h"
#include "ctl/setup/host.h"
#include "ctl/setup/systemd.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using directory::DirectoryEditor;

constexpr mode_t kReadableFile = 0644;
constexpr mode_t kKeyFile = 0640;
constexpr mode_t kDirectoryFile = 0640;
constexpr mode_t kKeyFolder = 0750;

// Of etc/sysusers.d: those who read the directory of users, and those who read keys.
constexpr const char* kGroup = "postrider";

constexpr const char* kPostmaster = "postmaster";
constexpr const char* kRoot = "root";
constexpr std::string_view kFirstConfiguration =
    R"(# The configuration of Postrider, made by `postrider setup`.
# postrider.conf(5) has every parameter; `postrider config show` lists them with their values.
# After a change: postrider config check && systemctl reload postrider.target

version = 1
hostname = "{hostname}"

# A renewed certificate is taken within seconds after its files were replaced.
[tls]
certificate = "tls/certificate.pem"
key = "tls/key.pem"

# Under systemd the sockets are its own, postrider-*.socket: what is added here needs one there.
[smtpd]
listen = [{smtp},
          {{ address = "unix:/run/postrider/submit.sock", mode = "local" }}]

[pop3d]
listen = [{pop3}]

# What runs, how much, and what is wrong: http://127.0.0.1:8090/, and /metrics for Prometheus.
[metrics]
listen = "127.0.0.1:8090"
)";

// "{ address = ..., mode = ... }" for each service and address, as TOML.
struct Listened {
  unsigned port;
  std::string_view how;
};
constexpr std::array kSmtp{Listened{25, R"(mode = "mx")"}, Listened{587, R"(mode = "submission")"},
                           Listened{465, R"(mode = "submissions")"}};
constexpr std::array kPop3{Listened{110, R"(tls = "starttls")"},
                           Listened{995, R"(tls = "implicit")"}};

std::string listeners(std::span<const Listened> services, bool has_ipv6) {
  std::vector<std::string> all;
  for (const Listened& service : services)
    for (const std::string_view ip : {"0.0.0.0", "[::]"})
      if (has_ipv6 || ip != "[::]")
        all.push_back(fmt::format("{{ address = \"{}:{}\", {} }}", ip, service.port, service.how));
  return fmt::format("{}", fmt::join(all, ",\n          "));
}

Result<void> make_key_folder(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder, error)) return {};
  fs::create_directories(folder, error);
  if (error) return fail_errno(folder, error.value());
  return give(folder, kKeyFolder, kKeyGroup);
}

// What the domain is an alias of; empty: none.
Result<std::string> target_of(DirectoryEditor& editor, const std::string& domain) {
  const auto aliases = editor.domain_aliases();
  if (!aliases) return pass_on(aliases.error());
  for (const auto& alias : *aliases)
    if (alias.name == domain) return alias.target;
  return std::string();
}

// As long, and as readable, as one for a single program, but not in its form.
Secret new_password() {
  std::string text(directory::new_app_password().reveal());
  text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
  return Secret(std::move(text));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Setup {
 public:
  Setup(SetupPlan plan, SetupReport& report) : plan_(std::move(plan)), report_(report) {}

  Result<void> run() {
    for (const auto step : {&Setup::check, &Setup::configure, &Setup::check_domain, &Setup::certify,
                            &Setup::fill_directory, &Setup::make_return_key, &Setup::start})
      if (auto done = (this->*step)(); !done) return done;
    return {};
  }

 private:
  config::Settings& settings() { return report_.settings; }
  void made(std::string name, std::string text) { tell({std::move(name), true, std::move(text)}); }
  void kept(std::string name, std::string text) { tell({std::move(name), false, std::move(text)}); }
  void tell(SetupStep step) {
    if (plan_.on_step) plan_.on_step(step);
    report_.steps.push_back(std::move(step));
  }
  std::string directory_path() {
    return fmt::format("{}/{}", settings().paths.data, directory::kDatabaseName);
  }

  Result<void> check();
  Result<void> configure();
  Result<void> check_domain();
  Result<void> certify();
  Result<void> fill_directory();
  Result<void> make_return_key();
  Result<void> start();

  Result<void> write_configuration();
  Result<void> add_domain(DirectoryEditor& editor, const std::string& name);
  Result<void> add_user(DirectoryEditor& editor);
  Result<void> fill_host_domain(DirectoryEditor& editor);
  Result<void> add_role(DirectoryEditor& editor, const std::string& role,
                        const std::string& domain);

  SetupPlan plan_;
  SetupReport& report_;
};

Result<void> Setup::check() {
  const auto address = directory::parse_mailbox_address(plan_.address);
  if (!address) return pass_on(address.error());
  plan_.address = address->str();
  report_.domain = address->domain;
  if (report_.domain.find('.') == std::string::npos)
    return fail(
        ErrorKind::invalid,
        fmt::format("'{}' is no domain that others can reach: it has no dot", report_.domain));
  plan_.hostname = to_lower(plan_.hostname);
  if (!plan_.hostname.empty() && !is_domain_name(plan_.hostname))
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a host's name", plan_.hostname));
  // Of an installed suite alone: a trial elsewhere does without.
  if (plan_.config_file != config::kDefaultPath) return {};
  for (const char* group : {kGroup, kKeyGroup})
    if (!has_group(group))
      return fail(ErrorKind::invalid,
                  fmt::format("the host has no group {}: the daemons could not read what belongs "
                              "to it; systemd-sysusers makes those of the package; nothing was "
                              "changed",
                              group));
  return {};
}

Result<void> Setup::configure() {
  auto settings = config::load(plan_.config_file);
  if (!settings && settings.error().kind != ErrorKind::not_found)
    return fail(settings.error().kind,
                fmt::format("{}\nmend the file, or move it away; nothing was changed",
                            settings.error().text));
  if (!settings) {
    if (auto written = write_configuration(); !written) return written;
    settings = config::load(plan_.config_file);
    if (!settings) return pass_on(std::move(settings.error()));
    made("configuration", fmt::format("{} for {}", plan_.config_file, settings->hostname));
  } else if (!plan_.hostname.empty() && plan_.hostname != settings->hostname) {
    return fail(
        ErrorKind::invalid,
        fmt::format("{} says hostname = \"{}\"; change it there to be {}; nothing was changed",
                    plan_.config_file, settings->hostname, plan_.hostname));
  } else {
    kept("configuration", fmt::format("{} for {}", plan_.config_file, settings->hostname));
  }
  report_.settings = std::move(*settings);
  return {};
}

Result<void> Setup::write_configuration() {
  std::string hostname = plan_.hostname.empty() ? own_host_name() : plan_.hostname;
  if (hostname.empty()) hostname = "mail." + report_.domain;
  std::error_code error;
  const fs::path folder = fs::path(plan_.config_file).parent_path();
  fs::create_directories(folder, error);
  if (error) return fail_errno(folder.string(), error.value());
  return write_new_file(plan_.config_file, first_configuration(hostname, has_ipv6()),
                        kReadableFile);
}

// An alias of a domain has no users of its own.
Result<void> Setup::check_domain() {
  std::error_code error;
  if (!fs::exists(directory_path(), error)) return {};
  // For writing: a setup that was cut off may have left half a change.
  auto editor = DirectoryEditor::open(directory_path(), sqlite::Access::write);
  if (!editor) return pass_on(std::move(editor.error()));
  const auto target = target_of(*editor, report_.domain);
  if (!target) return pass_on(target.error());
  if (target->empty()) return {};
  const std::string user = plan_.address.substr(0, plan_.address.rfind('@'));
  return fail(ErrorKind::invalid,
              fmt::format("{0} is an alias of {1}, whose users it shares: postrider setup {2}@{1}",
                          report_.domain, *target, user));
}

// One that is signed by itself, where there is none: TLS from the first day on. The key comes
// first, so that one without a certificate is what a setup left that was cut off, or one that its
// owner has made: either is used.
Result<void> Setup::certify() {
  const std::string& certificate = settings().tls.certificate;
  const std::string& key = settings().tls.key;
  std::error_code error;
  if (certificate.empty()) {
    kept("certificate", "none: the configuration has no tls.certificate");
    return {};
  }
  const bool has_key = fs::exists(key, error);
  if (fs::exists(certificate, error)) {
    if (!has_key)
      return fail(ErrorKind::invalid,
                  fmt::format("{} is there, but its key {} is not; put it there, or move the "
                              "certificate away, and run this again",
                              certificate, key));
    kept("certificate", certificate);
    return {};
  }
  for (const std::string& file : {certificate, key})
    if (auto done = make_key_folder(fs::path(file).parent_path().string()); !done) return done;
  const auto pair = net::make_self_signed(settings().hostname, has_key ? content_of(key) : "");
  if (!pair) return fail(pair.error().kind, fmt::format("{}: {}", key, pair.error().text));
  if (!has_key)
    if (auto done = write_new_file(key, pair->key, kKeyFile, kKeyGroup); !done) return done;
  if (auto done = write_new_file(certificate, pair->certificate, kReadableFile); !done) return done;
  made("certificate",
       fmt::format("{}, signed by itself: programs ask whether to trust it", certificate));
  return {};
}

Result<void> Setup::fill_directory() {
  const std::string path = directory_path();
  auto editor = DirectoryEditor::open(path, sqlite::Access::create, SystemClock().now());
  if (!editor) return pass_on(std::move(editor.error()));
  if (auto given = give(path, kDirectoryFile, kGroup); !given) return given;
  if (auto done = add_domain(*editor, report_.domain); !done) return done;
  if (auto done = add_user(*editor); !done) return done;
  if (auto done = add_role(*editor, kPostmaster, report_.domain); !done) return done;
  return fill_host_domain(*editor);
}

// RFC 5321 section 4.5.1: the host takes mail for its own name's postmaster. And what its programs
// send to root, as cron does, is somebody's to read.
Result<void> Setup::fill_host_domain(DirectoryEditor& editor) {
  const std::string& hostname = settings().hostname;
  if (hostname == report_.domain) return add_role(editor, kRoot, hostname);
  const auto target = target_of(editor, hostname);
  if (!target) return pass_on(target.error());
  if (!target->empty()) {
    kept("domain", fmt::format("{} is an alias of {}", hostname, *target));
    return add_role(editor, kRoot, *target);
  }
  if (auto done = add_domain(editor, hostname); !done) return done;
  if (auto done = add_role(editor, kPostmaster, hostname); !done) return done;
  return add_role(editor, kRoot, hostname);
}

Result<void> Setup::add_domain(DirectoryEditor& editor, const std::string& name) {
  const auto domains = editor.domains();
  if (!domains) return pass_on(domains.error());
  if (std::any_of(domains->begin(), domains->end(),
                  [&](const auto& one) { return one.name == name; })) {
    kept("domain", name);
    return {};
  }
  if (auto added = editor.add_domain(name); !added) return added;
  made("domain", name);
  return {};
}

Result<void> Setup::add_user(DirectoryEditor& editor) {
  const auto user = editor.user(plan_.address);
  if (user) {
    kept("user", plan_.password
                     ? fmt::format("{0}, with the password that it had; to change it: postrider "
                                   "user passwd {0}",
                                   plan_.address)
                     : plan_.address);
    return {};
  }
  if (user.error().kind != ErrorKind::not_found) return pass_on(user.error());
  const bool is_given = plan_.password.has_value();
  if (!is_given) plan_.password = new_password();
  if (auto done = editor.add_user_with_password(plan_.address, {}, *plan_.password, {}); !done)
    return done;
  made("user", plan_.address);
  if (is_given) return {};
  if (plan_.on_password) plan_.on_password(*plan_.password);
  report_.password = std::move(plan_.password);
  return {};
}

// An alias to the user, unless it is somebody's already.
Result<void> Setup::add_role(DirectoryEditor& editor, const std::string& role,
                             const std::string& domain) {
  const std::string address = fmt::format("{}@{}", role, domain);
  const auto aliases = editor.aliases();
  if (!aliases) return pass_on(aliases.error());
  const bool is_alias = std::any_of(aliases->begin(), aliases->end(),
                                    [&](const auto& alias) { return alias.address == address; });
  if (is_alias || editor.user(address)) {
    kept(role, address);
    return {};
  }
  if (auto done = editor.add_alias(address, std::array{plan_.address}); !done) return done;
  made(role, fmt::format("{} goes to {}", address, plan_.address));
  return {};
}

Result<void> Setup::make_return_key() {
  SystemRandom random;
  return routing::ReturnPaths::ensure_key(settings(), random);
}

Result<void> Setup::start() {
  if (plan_.start && plan_.config_file != config::kDefaultPath) {
    kept("units", fmt::format("the host's are for {}; start this by `postrider --config {} run`",
                              config::kDefaultPath, plan_.config_file));
    return {};
  }
  if (!plan_.start || !is_systemd_here()) {
    kept("units", plan_.start ? "systemd does not run this host; start it by `postrider run`"
                              : "not started");
    return {};
  }
  const auto runs = [] {
    return std::all_of(service_units().begin(), service_units().end(), &is_active);
  };
  if (auto done = systemctl({"enable", "--quiet", kTarget}); !done) return done;
  if (runs()) {
    kept("units", "they run");
    return {};
  }
  // What failed before the host was set up would not be started; where nothing did, so much the
  // better.
  static_cast<void>(systemctl({"reset-failed", "postrider-*"}));
  if (auto done = systemctl({"start", kTarget}); !done) return done;
  for (const std::string& unit : service_units())
    if (auto done = systemctl({"start", unit}); !done)
      return fail(ErrorKind::temporary,
                  fmt::format("{}\nit tells why: journalctl -u {}", done.error().text, unit));
  made("units", fmt::format("{} runs, and starts with the host", kTarget));
  return {};
}

}  // namespace

std::string first_configuration(const std::string& hostname, bool has_ipv6) {
  return fmt::format(kFirstConfiguration, fmt::arg("hostname", hostname),
                     fmt::arg("smtp", listeners(kSmtp, has_ipv6)),
                     fmt::arg("pop3", listeners(kPop3, has_ipv6)));
}

Result<void> set_up(SetupPlan plan, SetupReport& report) {
  return Setup(std::move(plan), report).run();
}

}  // namespace postrider::ctl
