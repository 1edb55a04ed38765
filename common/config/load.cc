#include "common/config/load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/base/fd.h"
#include "common/config/assign.h"
#include "common/config/suggest.h"
#include "common/config/to_toml.h"
#include "common/config/versions.h"
#include "common/net/address.h"

namespace postrider::config {

namespace {

// Walks the document, giving each value to its parameter.
class Loader {
 public:
  Loader(Settings& settings, std::vector<Complaint>& complaints)
      : settings_(settings), complaints_(complaints) {}

  void load(const Value::Table& document) {
    for (const Member& member : document) {
      if (find_parameter(member.key) != nullptr) {
        load_one(member.key, member);
      } else if (is_section(member.key)) {
        load_section(member);
      } else {
        unknown(member.line, member.key);
      }
    }
  }

 private:
  static bool is_section(std::string_view name) {
    return std::any_of(parameters().begin(), parameters().end(), [&](const Parameter& parameter) {
      return !name.empty() && section_of(parameter.name) == name;
    });
  }

  void load_section(const Member& section) {
    const auto* members = std::get_if<Value::Table>(&section.value.data);
    if (members == nullptr) {
      complaints_.push_back({section.line, section.key,
                             fmt::format("is a section; write [{}] on a line of its own, and its "
                                         "parameters on the lines after it",
                                         section.key)});
      return;
    }
    for (const Member& member : *members)
      load_one(fmt::format("{}.{}", section.key, member.key), member);
  }

  void load_one(const std::string& name, const Member& member) {
    const Parameter* parameter = find_parameter(name);
    if (parameter == nullptr) return unknown(member.line, name);
    assign(*parameter, member.value, settings_, complaints_);
  }

  void unknown(unsigned line, const std::string& name) {
    complaints_.push_back({line, name, "unknown parameter" + suggestion(name)});
  }

  // The nearest name, or else one with the same key in another section.
  static std::string suggestion(const std::string& name) {
    std::vector<std::string_view> names{kVersionKey};
    std::string_view misplaced;
    for (const Parameter& parameter : parameters()) {
      names.push_back(parameter.name);
      names.push_back(section_of(parameter.name));
      if (key_of(parameter.name) == key_of(name)) misplaced = parameter.name;
    }
    std::string near = did_you_mean(name, names);
    if (near.empty() && !misplaced.empty()) near = did_you_mean(misplaced, {&misplaced, 1});
    return near;
  }

  Settings& settings_;
  std::vector<Complaint>& complaints_;
};

// The line on which `section` sets `key`, or 0.
unsigned line_of(const Value::Table& document, std::string_view section, std::string_view key) {
  for (const Member& member : document) {
    const auto* members = std::get_if<Value::Table>(&member.value.data);
    if (member.key != section || members == nullptr) continue;
    for (const Member& one : *members)
      if (one.key == key) return one.line;
  }
  return 0;
}

// What parameters ask of each other.
void check_together(const Settings& settings, const Value::Table& document,
                    std::vector<Complaint>& complaints) {
  const auto& tls = settings.tls;
  const auto complain = [&](const char* section, const char* key, const char* text) {
    complaints.push_back(
        {line_of(document, section, key), fmt::format("{}.{}", section, key), text});
  };
  const auto& listen = settings.smtpd.listen;
  const auto any_listener = [&](auto is_so) {
    return std::any_of(listen.begin(), listen.end(), is_so);
  };
  if (settings.smtpd.proxy_networks.empty() &&
      any_listener([](const SmtpListener& listener) { return listener.proxy; }))
    complain("smtpd", "listen", "proxy = true needs smtpd.proxy_networks");
  if (any_listener([](const SmtpListener& l) { return l.proxy && unix_path(l.address); }))
    complain("smtpd", "listen", "proxy = true is not for a Unix socket");
  const auto& pop3 = settings.pop3d;
  if (pop3.proxy_networks.empty() &&
      std::any_of(pop3.listen.begin(), pop3.listen.end(),
                  [](const Pop3Listener& listener) { return listener.proxy; }))
    complain("pop3d", "listen", "proxy = true needs pop3d.proxy_networks");
  const auto& metrics = settings.metrics;
  if (!metrics.listen.empty() && metrics.beyond_loopback == "off" &&
      !net::SocketAddress::parse(metrics.listen)->ip.is_loopback())
    complain("metrics", "listen",
             "is not an address of loopback, and whoever reaches it reads addresses of senders and "
             "recipients; if they may, write metrics.beyond_loopback = \"on\"");
  const auto& destinations = settings.destinations;
  if (settings.deliverd.remote_workers > 1 &&
      std::any_of(destinations.begin(), destinations.end(),
                  [](const DestinationLimits& limits) { return limits.are_shared(); }))
    complain("deliverd", "remote_workers",
             "`connections` and `rate` of [[destination]] need remote_workers = 1: each worker "
             "would have them to itself");
  const auto& relay = settings.relay;
  if (relay.smarthost_user.empty() != relay.smarthost_password_file.empty())
    complain("relay", relay.smarthost_user.empty() ? "smarthost_password_file" : "smarthost_user",
             "relay.smarthost_user and relay.smarthost_password_file need each other");
  if (!relay.smarthost_user.empty() && relay.smarthost.empty())
    complain("relay", "smarthost_user", "needs relay.smarthost");
  if (tls.key.empty() && !tls.certificate.empty()) complain("tls", "certificate", "needs tls.key");
  if (tls.certificate.empty() && !tls.key.empty()) complain("tls", "key", "needs tls.certificate");
  if (!tls.certificate.empty()) return;
  if (!tls.additional.empty()) complain("tls", "additional", "needs tls.certificate");
  if (any_listener([](const SmtpListener& l) { return l.mode == SmtpMode::submissions; }))
    complain("smtpd", "listen", "the mode submissions needs tls.certificate");
  if (std::any_of(pop3.listen.begin(), pop3.listen.end(),
                  [](const Pop3Listener& l) { return l.tls == Pop3Tls::implicit; }))
    complain("pop3d", "listen", "tls = \"implicit\" needs tls.certificate");
}

void start_from_folder(Settings& settings, const std::filesystem::path& folder) {
  const auto start = [&](std::string& name) {
    if (name.empty()) return;
    const std::filesystem::path path = (folder / name).lexically_normal();
    // Without a slash at its end: names of files are put behind it, and what is above it is asked.
    name = (path.has_filename() ? path : path.parent_path()).string();
  };
  for (const Parameter& parameter : parameters()) {
    if (parameter.type == Type::path)
      start(std::get<Accessor<std::string>>(parameter.target)(settings));
  }
  for (SmtpListener& listener : settings.smtpd.listen) {
    if (const auto path = unix_path(listener.address)) {
      std::string name(*path);
      start(name);
      listener.address = std::string(kUnixPrefix) + name;
    }
  }
  for (CertificateFiles& files : settings.tls.additional) {
    start(files.certificate);
    start(files.key);
  }
}

// A key may hold any character when it stands in quotes; on the terminal it stays on its line.
std::string on_one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), &is_control, '?');
  return text;
}

tl::unexpected<Error> all_of(std::vector<Complaint> complaints, const std::string& path) {
  std::stable_sort(complaints.begin(), complaints.end(),
                   [](const Complaint& a, const Complaint& b) { return a.line < b.line; });
  std::string text;
  for (std::size_t i = 0; i < std::min(complaints.size(), kMaxComplaints); ++i) {
    const auto& [line, key, what] = complaints[i];
    if (!text.empty()) text += '\n';
    text +=
        on_one_line(fmt::format("{}:{}: {}{}{}", path, line, key, key.empty() ? "" : ": ", what));
  }
  if (complaints.size() > kMaxComplaints)
    text += fmt::format("\n{}: and {} more", path, complaints.size() - kMaxComplaints);
  return fail(ErrorKind::invalid, std::move(text));
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(path, errno);
  std::string text(kMaxFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

Settings defaults() {
  Settings settings;
  std::vector<Complaint> complaints;
  for (const Parameter& parameter : parameters()) {
    if (parameter.name == "hostname") continue;
    const auto document = parse_toml("value = " + default_toml(parameter));
    POSTRIDER_CHECK(document.has_value());
    assign(parameter, document->front().value, settings, complaints);
  }
  POSTRIDER_CHECK(complaints.empty());
  return settings;
}

Result<Settings> parse(std::string_view text, const std::string& path) {
  if (text.size() > kMaxFile)
    return fail(ErrorKind::invalid, fmt::format("{}: is larger than 1 MiB", path));
  auto document = parse_toml(text);
  if (!document) return all_of({{document.error().line, "", document.error().text}}, path);
  Settings settings = defaults();
  std::vector<Complaint> complaints;
  const std::int64_t version = take_version(*document, kVersion, complaints);
  if (version == 0) return all_of(std::move(complaints), path);
  migrate(*document, version, migrations());
  Loader(settings, complaints).load(*document);
  if (std::none_of(document->begin(), document->end(),
                   [](const Member& member) { return member.key == "hostname"; }))
    complaints.push_back({1, "hostname", "is missing; write hostname = \"mx.example.org\""});
  check_together(settings, *document, complaints);
  if (!complaints.empty()) return all_of(std::move(complaints), path);
  settings.hostname = to_lower(settings.hostname);  // RFC 1035 section 2.3.3: no case
  start_from_folder(settings, std::filesystem::absolute(path).parent_path());
  return settings;
}

Result<Settings> load(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return pass_on(text.error());
  return parse(*text, path);
}

}  // namespace postrider::config
