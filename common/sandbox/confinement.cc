#include "common/sandbox/confinement.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "common/base/directory.h"

namespace postrider::sandbox {

namespace {

namespace fs = std::filesystem;

// As the kernel would follow it, as far as it leads.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  return error ? path : found;
}

bool holds(const fs::path& folder, const fs::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

}  // namespace

void add_writable(Confinement& may, const std::string& folder) {
  if (require_writable_directory(folder)) may.write.push_back(folder);
}

// No folder where all that a host keeps secret is: not /etc, not /proc, not /run.
std::vector<std::string> system_files() {
  return {"/etc/gai.conf",
          "/etc/group",
          "/etc/host.conf",
          "/etc/hosts",
          "/etc/ld.so.cache",
          "/etc/localtime",
          "/etc/nsswitch.conf",
          "/etc/passwd",
          "/etc/resolv.conf",
          "/etc/services",
          "/etc/ca-certificates",
          "/etc/pki/tls/certs",
          "/etc/ssl/certs",
          "/etc/ssl/openssl.cnf",
          "/lib",
          "/lib64",
          "/usr/lib",
          "/usr/lib64",
          "/usr/local/lib",
          "/usr/local/share/ca-certificates",
          "/usr/share/ca-certificates",
          "/usr/share/zoneinfo",
          "/run/systemd/userdb",
          "/var/lib/sss/mc",
          "/dev/null",
          "/dev/random",
          "/dev/urandom",
          "/proc/sys/kernel/random/boot_id"};
}

std::vector<std::string> folders_of(const std::vector<std::string>& files,
                                    const std::vector<std::string>& secluded) {
  std::vector<std::string> found;
  const auto add = [&](const fs::path& file) {
    const fs::path folder = resolved(file.parent_path());
    const bool is_near = std::any_of(secluded.begin(), secluded.end(), [&](const fs::path& path) {
      return holds(folder, resolved(path));
    });
    found.push_back(is_near ? file.string() : folder.string());
  };
  for (const std::string& file : files) {
    if (file.empty()) continue;
    add(file);
    add(resolved(file));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace postrider::sandbox
