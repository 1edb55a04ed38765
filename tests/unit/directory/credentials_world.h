// credentials_world.h - the credentials of two users in a database, and questions as synchronous
// calls.
#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "common/directory/editor.h"
#include "common/directory/sqlite_credentials.h"
#include "common/sasl/scram.h"
#include "tests/unit/monotonic_clock.h"
#include "tests/unit/temp_directory.h"

namespace postrider::directory::testing {

// Made once, as a password takes tens of milliseconds.
struct TwoUsers {
  TwoUsers() {
    auto editor = DirectoryEditor::open(path, sqlite::Access::create);
    REQUIRE(editor);
    REQUIRE(editor->add_domain("example.org"));
    REQUIRE(editor->add_user("anna@example.org"));
    REQUIRE(editor->add_user("bert@example.org"));
    REQUIRE(editor->set_password("anna@example.org", Secret("secret")));
  }

  test::TempDirectory temporary;
  const std::string path = temporary.path("d.db");
};

inline DirectoryEditor open_copy_of_two_users(const std::string& path) {
  static const TwoUsers original;
  std::filesystem::copy(original.path, path);
  return std::move(*DirectoryEditor::open(path, sqlite::Access::write));
}

// Two users, and questions as synchronous calls.
struct World {
  Result<LoginAnswer> verify(std::string_view address, std::string_view password,
                             Service service = Service::smtp) {
    std::optional<Result<LoginAnswer>> answer;
    const auto pending = credentials.verify_password(address, Secret(std::string(password)),
                                                     service, [&](Result<LoginAnswer> judged) {
                                                       answer = std::move(judged);
                                                       loop.stop();
                                                     });
    CHECK_FALSE(answer);
    loop.run();
    return std::move(*answer);
  }
  LoginAnswer log_in(std::string_view address, std::string_view password,
                     Service service = Service::smtp) {
    auto answer = verify(address, password, service);
    REQUIRE(answer);
    return std::move(*answer);
  }
  LoginAnswer confirm(const LoginAnswer& login, Service service = Service::smtp) {
    std::optional<Result<LoginAnswer>> answer;
    const auto pending = credentials.confirm(login, service, [&](Result<LoginAnswer> judged) {
      answer = std::move(judged);
      loop.stop();
    });
    CHECK_FALSE(answer);
    loop.run();
    REQUIRE(*answer);
    return std::move(**answer);
  }
  Result<ScramAnswer> find_scram(std::string_view address, Service service = Service::smtp) {
    std::optional<Result<ScramAnswer>> answer;
    const auto pending =
        credentials.find_scram_keys(address, service, [&](Result<ScramAnswer> found) {
          answer = std::move(found);
          loop.stop();
        });
    CHECK_FALSE(answer);
    loop.run();
    return std::move(*answer);
  }
  ScramAnswer scram(std::string_view address, Service service = Service::smtp) {
    auto answer = find_scram(address, service);
    REQUIRE(answer);
    return std::move(*answer);
  }
  // What a client that knows the password would come to.
  LoginAnswer prove(std::string_view address, const char* password,
                    Service service = Service::smtp) {
    const ScramAnswer answer = scram(address, service);
    const auto keys =
        sasl::derive_scram_keys(Secret(password), answer.user.salt, answer.user.iterations).value();
    const auto found = std::find(answer.user.keys.begin(), answer.user.keys.end(), keys);
    if (found == answer.user.keys.end())
      return {.mailbox = answer.mailbox, .reason = answer.reason};
    return answer.logins[static_cast<std::size_t>(found - answer.user.keys.begin())];
  }

  // Lets the loop's time pass.
  void wait(std::chrono::milliseconds time) {
    test::pass_time(time);
    loop.defer([this] { loop.stop(); });
    loop.run();
  }

  test::TempDirectory temporary;
  DirectoryEditor editor = open_copy_of_two_users(temporary.path("d.db"));
  ManualClock clock;
  event::EventLoop loop;
  event::WorkerPool pool{loop, 1};
  VerifiedPasswords verified;
  SqliteCredentials credentials{loop, pool, verified, clock, temporary.path("d.db")};
};

// In the form of one; nobody has it.
inline constexpr const char* kUnknownAppPassword = "aaaaa-aaaaa-aaaaa-aaaaa";

}  // namespace postrider::directory::testing
