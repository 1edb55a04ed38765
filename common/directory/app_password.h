// app_password.h - passwords that we make for one program each: "k3v7d-mq2xh-b6wny-t5zfa".
//
// The first group is no secret: it finds the password among the user's, so that verifying costs one
// hash however many there are. The other 75 bits are kept as a hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/directory/credentials.h"

namespace postrider::directory {

// From the system's randomness.
Secret new_app_password();

// The first group, where `password` has the form of an app password. A view into it.
std::optional<std::string_view> selector_of(std::string_view password) noexcept;

// What names an app password: 1 to 64 printable octets.
bool is_app_password_name(std::string_view name) noexcept;
inline constexpr std::string_view kAppPasswordName =
    "the name of an app password has 1 to 64 printable octets";

// The services that an app password is for: at least one.
struct Scope {
  bool smtp = false;
  bool pop3 = false;

  bool covers(Service service) const noexcept { return service == Service::smtp ? smtp : pop3; }
  std::string str() const;  // "smtp", "pop3", "smtp,pop3"
  bool operator==(const Scope&) const = default;
};
// Of words with commas between them, each once or more; the error (invalid) says what would be
// right.
Result<Scope> parse_scope(std::string_view text);

}  // namespace postrider::directory
