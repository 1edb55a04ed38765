#include "common/auth/authentication.h"

#include <catch2/catch.hpp>

#include "common/base/overloaded.h"
#include "common/event/answer_later.h"
#include "tests/unit/sasl/scram_client.h"

namespace auth_authentication_test {

using namespace postrider;
using namespace postrider::auth;
using directory::LoginAnswer;
using directory::ScramAnswer;
using sasl::Mechanism;
using sasl::testing::ScramClient;

namespace {

constexpr const char* kSalt = "salt of 16 octets";

// Gives what it was told to, on the next turn of the loop.
class FakeCredentials final : public directory::Credentials {
 public:
  explicit FakeCredentials(event::EventLoop& loop) : loop_(loop) {}

  PendingPtr verify_password(std::string_view address, Secret password, directory::Service service,
                             UniqueFunction<void(Result<LoginAnswer>)> done) override {
    asked = std::string(address) + ' ' + std::string(password.reveal());
    CHECK(service == directory::Service::pop3);
    return event::answer_later(loop_, login, std::move(done));
  }
  PendingPtr find_scram_keys(std::string_view address, directory::Service service,
                             UniqueFunction<void(Result<ScramAnswer>)> done) override {
    asked = address;
    CHECK(service == directory::Service::pop3);
    return event::answer_later(loop_, scram, std::move(done));
  }

  PendingPtr confirm(const LoginAnswer&, directory::Service,
                     UniqueFunction<void(Result<LoginAnswer>)>) override {
    return nullptr;
  }
  PendingPtr verify_apop(std::string_view, std::string_view, std::string_view,
                         UniqueFunction<void(Result<LoginAnswer>)>) override {
    return nullptr;
  }

  std::string asked;
  Result<LoginAnswer> login = LoginAnswer{.accepted = true, .mailbox = "anna@a.test"};
  Result<ScramAnswer> scram = ScramAnswer{};

 private:
  event::EventLoop& loop_;
};

struct Fixture {
  explicit Fixture(Mechanism mechanism)
      : login(
            credentials, directory::Service::pop3, mechanism, {},
            [this](std::string_view user) { return user == banned; },
            [this](Event event) {
              told = shown(event);
              loop.stop();
            }) {}

  static std::string shown(const Event& event) {
    return std::visit(
        Overloaded{
            [](const sasl::Challenge& challenge) { return "challenge " + challenge.octets; },
            [](const LoginAnswer& answer) {
              CHECK(answer.accepted);
              return answer.mailbox + ' ' + answer.app_password;
            },
            [](const Refused& refused) {
              const char* const why[] = {"malformed", "credentials", "banned", "unavailable"};
              return std::string(why[static_cast<int>(refused.why)]) + ": " + refused.reason;
            },
        },
        event);
  }
  // What comes of it, at once or from the loop.
  std::string outcome(std::optional<Event> at_once) {
    if (at_once) return shown(*at_once);
    loop.run();
    return std::exchange(told, {});
  }
  std::string begin(std::string initial) {
    return outcome(login.begin(Secret(std::move(initial))));
  }
  std::string respond(std::string octets) {
    return outcome(login.on_response(Secret(std::move(octets))));
  }

  event::EventLoop loop;
  FakeCredentials credentials{loop};
  std::string banned;  // this user is
  std::string told;
  Authentication login;
};

std::string plain(const char* authorization = "") {
  using namespace std::string_literals;
  return authorization + "\0anna@a.test\0secret"s;
}

}  // namespace

TEST_CASE("authentication: a password is verified, and the answer is the end", "[auth]") {
  Fixture f(Mechanism::plain);
  CHECK(f.begin(plain()) == "anna@a.test ");
  CHECK(f.credentials.asked == "anna@a.test secret");
  CHECK(f.login.user() == "anna@a.test");
  CHECK_FALSE(f.login.verifying());
}

TEST_CASE("authentication: each refusal says what the client may know, and what the log",
          "[auth]") {
  SECTION("wrong") {
    Fixture f(Mechanism::plain);
    f.credentials.login = LoginAnswer{.reason = "no such user"};
    CHECK(f.begin(plain()) == "credentials: no such user");
  }
  SECTION("for another") {
    Fixture f(Mechanism::plain);
    CHECK(f.begin(plain("bert@a.test")) == "credentials: it asks to act for another user");
    CHECK(f.credentials.asked.empty());
  }
  SECTION("malformed") {
    Fixture f(Mechanism::plain);
    CHECK(f.begin("x") == "malformed: no message of the mechanism");
  }
  SECTION("away") {
    const bool scram = GENERATE(true, false);
    Fixture f(scram ? Mechanism::scram_sha_256 : Mechanism::plain);
    f.credentials.login = fail(ErrorKind::temporary, "no file");
    f.credentials.scram = fail(ErrorKind::temporary, "no file");
    CHECK(f.begin(scram ? "n,,n=anna@a.test,r=abc" : plain()) == "unavailable: no file");
  }
}

TEST_CASE("authentication: SCRAM comes to what the proven password stands for", "[auth]") {
  Fixture f(Mechanism::scram_sha_256);
  const auto keys = [](const char* password) {
    return *sasl::derive_scram_keys(Secret(password), kSalt, 2);
  };
  f.credentials.scram =
      ScramAnswer{.user = {kSalt, 2, {keys("main"), keys("phone"), keys("old")}},
                  .logins = {{.accepted = true, .mailbox = "anna@a.test"},
                             {.accepted = true, .mailbox = "anna@a.test", .app_password = "phone"},
                             {.reason = "expired"}},
                  .reason = "wrong password"};
  const auto [password, outcome] =
      GENERATE(table<const char*, const char*>({{"main", "anna@a.test "},
                                                {"phone", "anna@a.test phone"},
                                                {"old", "credentials: expired"},
                                                {"none", "credentials: wrong password"}}));
  ScramClient client("anna@a.test", password);
  const std::string challenge = f.begin(client.first());
  CHECK(f.credentials.asked == "anna@a.test");
  REQUIRE(challenge.starts_with("challenge "));
  std::string last = f.respond(client.last(challenge.substr(10)));
  if (last == "challenge " + client.expected()) last = f.respond("");
  CHECK(last == outcome);
}

TEST_CASE("authentication: SCRAM does not accept a password that was withdrawn since it began",
          "[auth]") {
  Fixture f(Mechanism::scram_sha_256);
  const auto keys = *sasl::derive_scram_keys(Secret("secret"), kSalt, 2);
  const auto other = *sasl::derive_scram_keys(Secret("other"), kSalt, 2);
  const LoginAnswer phone{.accepted = true, .mailbox = "anna@a.test", .app_password = "phone"};
  const LoginAnswer main{.accepted = true, .mailbox = "anna@a.test"};
  f.credentials.scram = ScramAnswer{{kSalt, 2, {keys}}, {phone}, "wrong password"};
  ScramClient client("anna@a.test", "secret");
  const std::string challenge = f.begin(client.first());
  REQUIRE(challenge.starts_with("challenge "));
  const std::string last = f.respond(client.last(challenge.substr(10)));
  REQUIRE(last == "challenge " + client.expected());
  const auto [known, outcome] = GENERATE_COPY(table<Result<ScramAnswer>, const char*>({
      {ScramAnswer{{kSalt, 2, {}}, {}, "no such user"},
       "credentials: the password was withdrawn during the login"},
      {ScramAnswer{{kSalt, 2, {other}}, {main}, "wrong password"},
       "credentials: the password was withdrawn during the login"},
      {ScramAnswer{{kSalt, 2, {keys}}, {LoginAnswer{.reason = "expired"}}, "wrong password"},
       "credentials: expired"},
      {ScramAnswer{{kSalt, 2, {other, keys}}, {main, phone}, "wrong password"},
       "anna@a.test phone"},
      {fail(ErrorKind::temporary, "no file"), "unavailable: no file"},
  }));
  f.credentials.scram = known;
  CHECK(f.respond("") == outcome);
}

TEST_CASE("authentication: nobody is asked of a user who is banned", "[auth]") {
  SECTION("by PLAIN") {
    Fixture f(Mechanism::plain);
    f.banned = "anna@a.test";
    CHECK(f.begin(plain()) == "banned: ");
    CHECK(f.credentials.asked.empty());
    CHECK_FALSE(f.login.verifying());
  }
  SECTION("by LOGIN") {
    Fixture f(Mechanism::login);
    f.banned = "anna@a.test";
    CHECK(f.begin("anna@a.test").starts_with("challenge "));
    CHECK(f.respond("secret") == "banned: ");
    CHECK(f.credentials.asked.empty());
  }
  SECTION("by SCRAM") {
    Fixture f(Mechanism::scram_sha_256);
    f.banned = "anna@a.test";
    CHECK(f.begin(ScramClient("anna@a.test", "secret").first()) == "banned: ");
    CHECK(f.credentials.asked.empty());
  }
}

TEST_CASE("authentication: a ban that begins within an exchange leaves its proof unanswered",
          "[auth]") {
  Fixture f(Mechanism::scram_sha_256);
  f.credentials.scram =
      ScramAnswer{.user = {kSalt, 2, {*sasl::derive_scram_keys(Secret("secret"), kSalt, 2)}},
                  .logins = {{.accepted = true, .mailbox = "anna@a.test"}},
                  .reason = "wrong password"};
  const char* const password = GENERATE("secret", "wrong");
  ScramClient client("anna@a.test", password);
  const std::string challenge = f.begin(client.first());
  REQUIRE(challenge.starts_with("challenge "));
  f.banned = "anna@a.test";
  CHECK(f.respond(client.last(challenge.substr(10))) == "banned: ");
}

TEST_CASE("authentication: one that is given up is told nothing more", "[auth]") {
  event::EventLoop loop;
  FakeCredentials credentials(loop);
  bool told = false;
  {
    Authentication login(
        credentials, directory::Service::pop3, Mechanism::plain, {},
        [](std::string_view) { return false; }, [&](const Event&) { told = true; });
    CHECK_FALSE(login.begin(Secret(plain())));
    CHECK(login.verifying());
  }
  loop.defer([&] { loop.stop(); });
  loop.run();
  CHECK_FALSE(told);
}

}  // namespace auth_authentication_test
