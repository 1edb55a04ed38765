#include "common/maildir/mailbox_path.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::maildir {

namespace {

// Why `name` cannot be a directory's name; empty if it can.
std::string_view fault_of(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxDirectoryName) return "is too long";
  if (name.front() == '.') return "begins with a dot";
  for (const char c : name) {
    if (c == '/') return "has a slash";
    if (is_control(c)) return "has a control character";
    if (c != ascii_lower(c)) return "has upper case";
  }
  return {};
}

std::string_view fault_of_domain(std::string_view domain) {
  if (domain.ends_with('.') || domain.find("..") != std::string_view::npos)
    return "has an empty label";
  return fault_of(domain);
}

}  // namespace

Result<std::string> mailbox_path(std::string_view mailbox) {
  const auto wrong = [&](std::string_view part, std::string_view fault) {
    return fail(ErrorKind::invalid, fmt::format("mailbox '{}': the {} {}", mailbox, part, fault));
  };
  const std::size_t at = mailbox.rfind('@');
  if (at == std::string_view::npos) return wrong("domain", "is missing");
  const std::string_view user = mailbox.substr(0, at);
  const std::string_view domain = mailbox.substr(at + 1);
  if (const auto fault = fault_of(user); !fault.empty()) return wrong("local part", fault);
  if (const auto fault = fault_of_domain(domain); !fault.empty()) return wrong("domain", fault);
  return fmt::format("{}/{}/Maildir", domain, user);
}

}  // namespace postrider::maildir
