// user_logins.h - what is known of users' logins (auth/login_table.h), as the command shows it.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/auth/login_table.h"

namespace postrider::ctl {

// In the tables of all services, so that the next user of that name begins anew.
Result<void> forget_logins(const std::string& data_directory, const std::string& mailbox);

class UserLogins {
 public:
  // Tables that cannot be read hide nothing else of a user: then it is said why nothing is known.
  static UserLogins read(std::string_view data_directory) {
    return UserLogins(auth::LoginTable::read(data_directory));
  }
  explicit UserLogins(Result<auth::LoginRecords> records) : records_(std::move(records)) {}

  // {"last_login": {"time", "client"}, "failures", "last_failure"}; null: not known.
  nlohmann::json json(const std::string& mailbox) const;
  std::string last_login(const std::string& mailbox) const;
  // "3, the last 2026-11-23T08:00:00Z from 192.0.2.1".
  std::string failures(const std::string& mailbox) const;

 private:
  auth::LoginRecord of(const std::string& mailbox) const;

  Result<auth::LoginRecords> records_;
};

}  // namespace postrider::ctl
