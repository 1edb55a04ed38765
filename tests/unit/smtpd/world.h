// world.h - what a worker of smtpd has around it: a real spool in a folder of its own, a directory
// that is a table, a clock that stands still, a log that is kept.
#pragma once

#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/checks/check.h"
#include "common/config/load.h"
#include "common/event/answer_later.h"
#include "common/sasl/scram.h"
#include "common/spool/disk.h"
#include "common/spool/segment_reader.h"
#include "smtpd/services.h"
#include "tests/unit/net/fake_resolver.h"
#include "tests/unit/temp_directory.h"

namespace postrider::smtpd::testing {

using Kind = directory::RecipientAnswer::Kind;

// Answers on the next turn of the loop. Addresses that are not in the table are foreign; users may
// send as themselves, and as what `send_rights` has for them.
class FakeDirectory final : public directory::Directory, public directory::SendRights {
 public:
  explicit FakeDirectory(event::EventLoop& loop) : loop_(loop) {}

  PendingPtr find_recipient(
      std::string_view address,
      UniqueFunction<void(Result<directory::RecipientAnswer>)> done) override {
    Result<directory::RecipientAnswer> answer = fail(ErrorKind::temporary, "away");
    if (!away) {
      directory::RecipientAnswer found;
      const auto row = table.find(std::string(address));
      found.kind = row == table.end() ? Kind::foreign : row->second;
      if (found.kind == Kind::mailbox) {
        found.mailbox = address;
        found.quota.octets = quota;
      }
      if (found.kind == Kind::alias) found.targets = {"alice@here.test", "bob@far.test"};
      answer = found;
    }
    return event::answer_later(loop_, std::move(answer), std::move(done));
  }

  PendingPtr find_send_right(std::string_view mailbox, std::string_view address,
                             UniqueFunction<void(Result<bool>)> done) override {
    Result<bool> may =
        mailbox == address || send_rights.count({std::string(mailbox), std::string(address)}) > 0;
    if (away) may = fail(ErrorKind::temporary, "away");
    return event::answer_later(loop_, std::move(may), std::move(done));
  }

  std::set<std::pair<std::string, std::string>> send_rights;
  std::map<std::string, Kind> table{
      {"alice@here.test", Kind::mailbox},       {"staff@here.test", Kind::alias},
      {"nobody@here.test", Kind::unknown_user}, {"nobody@gateway.test", Kind::unknown_user},
      {"alice@held.test", Kind::mailbox},       {"nobody@held.test", Kind::unknown_user}};
  std::uint64_t quota = 0;  // of each mailbox
  bool away = false;

 private:
  event::EventLoop& loop_;
};

// Knows alice@here.test with the password "secret", and "old" as an app password that has expired.
class FakeCredentials final : public directory::Credentials {
 public:
  explicit FakeCredentials(event::EventLoop& loop) : loop_(loop) {}

  PendingPtr verify_password(std::string_view address, Secret password, directory::Service service,
                             UniqueFunction<void(Result<directory::LoginAnswer>)> done) override {
    CHECK(service == directory::Service::smtp);
    ++asked;
    if (silent) return std::make_unique<Pending>();
    Result<directory::LoginAnswer> answer = refused;
    if (address == "alice@here.test" && password.reveal() == "secret") answer = accepted;
    if (address == "alice@here.test" && password.reveal() == "old") answer = expired;
    if (away) answer = fail(ErrorKind::temporary, "away");
    return event::answer_later(loop_, std::move(answer), std::move(done));
  }
  PendingPtr find_scram_keys(std::string_view address, directory::Service,
                             UniqueFunction<void(Result<directory::ScramAnswer>)> done) override {
    ++asked;
    directory::ScramAnswer known{.user = {kSalt, kIterations, {}}, .reason = refused.reason};
    if (address == "alice@here.test") {
      known.user.keys = {keys("secret"), keys("old")};
      known.logins = {accepted, expired};
    }
    Result<directory::ScramAnswer> answer = std::move(known);
    if (away) answer = fail(ErrorKind::temporary, "away");
    return event::answer_later(loop_, std::move(answer), std::move(done));
  }
  PendingPtr confirm(const directory::LoginAnswer& login, directory::Service service,
                     UniqueFunction<void(Result<directory::LoginAnswer>)> done) override {
    CHECK(service == directory::Service::smtp);
    CHECK(login.accepted);
    Result<directory::LoginAnswer> answer = revoked ? refused : login;
    if (away) answer = fail(ErrorKind::temporary, "away");
    return event::answer_later(loop_, std::move(answer), std::move(done));
  }
  PendingPtr verify_apop(std::string_view, std::string_view, std::string_view,
                         UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }

  static constexpr const char* kSalt = "salt of 16 octets";
  static constexpr unsigned kIterations = 2;
  bool away = false;
  bool silent = false;   // verifies for ever
  bool revoked = false;  // who has logged in
  int asked = 0;

 private:
  static sasl::ScramKeys keys(const char* password) {
    return *sasl::derive_scram_keys(Secret(password), kSalt, kIterations);
  }

  const directory::LoginAnswer accepted{.accepted = true, .mailbox = "alice@here.test"};
  const directory::LoginAnswer refused{.reason = "wrong password"};
  const directory::LoginAnswer expired{.reason = "the app password has expired"};
  event::EventLoop& loop_;
};

// Clients in these tests say much at once, and DNS knows none of them.
inline config::Settings world_settings() {
  config::Settings settings = config::defaults();
  settings.hostname = "mx.test";
  settings.bans.delay = std::chrono::seconds{0};
  settings.smtpd.unlimited_networks.clear();  // the connections are from 127.0.0.1
  settings.relay.networks = {"192.0.2.0/24"};
  settings.routes = {{"gateway.test", {"smtp:[192.0.2.9]:2525"}},
                     {"held.test", {"hold:"}},
                     {"*", {"smtp:rest.test"}}};
  for (const checks::Check& check : checks::all_checks())
    if (check.action != nullptr) settings.checks.*check.action = config::CheckAction::off;
  return settings;
}

struct World {
  World() {
    for (const std::string& made : {paths.incoming(), paths.large()})
      REQUIRE(spool::system_disk().make_directory(made));
  }

  Services& services() {
    if (!services_) {
      services_ = std::make_unique<Services>(Services{loop, clock, log, counters, policy,
                                                      admission(), credentials, attempts, writer,
                                                      session_ids, settings, tls.get()});
    }
    return *services_;
  }

  Admission& admission() {
    if (!admission_) admission_.emplace(tally, attempts, clock, settings);
    return *admission_;
  }

  // What all connections of a listener share.
  const Listener& listener(config::SmtpMode mode = config::SmtpMode::mx) {
    services();
    if (!listener_) listener_ = make_listener(settings, {.mode = mode});
    return *listener_;
  }

  // What the spool holds.
  std::vector<spool::SegmentReader::Record> records() {
    std::vector<spool::SegmentReader::Record> all;
    if (progress.segment.empty()) return all;
    auto reader = spool::SegmentReader::open(spool::system_disk(), paths, progress.segment);
    REQUIRE(reader);
    while (true) {
      auto step = (*reader)->next(progress.durable, true);
      REQUIRE(step);
      if (std::holds_alternative<spool::SegmentReader::NoMore>(*step)) return all;
      if (auto* record = std::get_if<spool::SegmentReader::Record>(&*step))
        all.push_back(std::move(*record));
    }
  }
  std::vector<spool::Envelope> envelopes() {
    std::vector<spool::Envelope> all;
    for (auto& record : records()) all.push_back(std::move(record.envelope));
    return all;
  }
  std::vector<std::string> contents() {
    std::ifstream file(paths.incoming() + '/' + progress.segment, std::ios::binary);
    const std::string segment(std::istreambuf_iterator<char>(file), {});
    std::vector<std::string> all;
    for (const auto& record : records())
      all.push_back(segment.substr(record.content_offset, record.content_length));
    return all;
  }

  postrider::test::TempDirectory folder;
  spool::Paths paths{folder.path()};
  event::EventLoop loop;
  ManualClock clock;
  SeededRandom random{1};
  std::string lines;  // of the log
  log::Logger log{"smtpd", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  metrics::Counters counters;
  config::Settings settings = world_settings();
  std::unique_ptr<net::TlsServer> tls;
  FakeDirectory directory{loop};
  postrider::test::FakeResolver resolver{loop};
  quota::Rooms rooms;
  checks::Policy policy{{loop, directory, directory, resolver, settings, log, clock, &rooms}};
  limits::Tally tally;
  limits::Bans bans;
  FakeCredentials credentials{loop};
  auth::Attempts attempts{bans, settings.bans, clock, log, counters, &to_lower};
  spool::SegmentProgress progress;
  spool::Writer writer{loop,
                       spool::system_disk(),
                       {.directory = folder.path(), .name = "smtpd0", .min_free = 0},
                       clock,
                       random,
                       log,
                       counters,
                       [this](const spool::SegmentProgress& p) { progress = p; }};
  MessageIdSource session_ids{clock, 1, 1};

 private:
  std::optional<Admission> admission_;  // made with the settings as the test has changed them
  std::unique_ptr<Services> services_;
  std::optional<Listener> listener_;
};

inline std::array<Fd, 2> socket_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

// A client's end of a connection.
class Peer {
 public:
  Peer(event::EventLoop& loop, Fd fd)
      : loop_(loop),
        fd_(std::move(fd)),
        readable_(loop, fd_.get(), event::Watch::For::reading, [this] { read_ready(); }),
        too_late_(loop, [this] { loop_.stop(), late_ = true; }) {
    readable_.enable();
  }

  void send(std::string_view bytes) {
    REQUIRE(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  // Runs the loop until what was heard since the last call ends in a reply of `code`.
  std::string expect(int code) {
    awaited_ = std::to_string(code) + " ";
    if (!satisfied()) run();
    CAPTURE(heard_);
    REQUIRE(satisfied());
    return std::exchange(heard_, {});
  }
  std::string exchange(std::string_view bytes, int code) {
    send(bytes);
    return expect(code);
  }
  // Since the last call.
  const std::string& heard() const { return heard_; }
  // Runs the loop until the server has closed; gives what was heard before.
  std::string expect_close() {
    awaited_.clear();
    if (!closed_) run();
    REQUIRE(closed_);
    return std::exchange(heard_, {});
  }

  // Gives the server its turns until there is nothing to do at once.
  void drain() {
    for (int turn = 0; turn < 4; ++turn) event_base_loop(loop_.raw(), EVLOOP_NONBLOCK);
  }

  // What the kernel takes of `bytes` now.
  std::size_t try_send(std::string_view bytes) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  void stop_reading() { readable_.disable(); }
  void resume_reading() { readable_.enable(); }

  void hang_up() {
    readable_.disable();
    fd_.reset();
  }

 private:
  bool satisfied() const {
    if (awaited_.empty() || !heard_.ends_with("\r\n")) return false;
    const std::size_t before = heard_.rfind("\r\n", heard_.size() - 3);
    return heard_.compare(before == std::string::npos ? 0 : before + 2, awaited_.size(),
                          awaited_) == 0;
  }

  void run() {
    too_late_.arm(std::chrono::seconds{20});
    loop_.run();
    too_late_.disarm();
    REQUIRE_FALSE(late_);
  }

  void read_ready() {
    std::array<char, 4096> chunk{};
    const ssize_t n = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (n > 0) heard_.append(chunk.data(), static_cast<std::size_t>(n));
    closed_ = n == 0 || (n < 0 && errno == ECONNRESET);
    if (closed_) readable_.disable();
    if (closed_ || satisfied()) loop_.stop();
  }

  event::EventLoop& loop_;
  Fd fd_;
  event::Watch readable_;
  event::Timer too_late_;
  std::string heard_;
  std::string awaited_;
  bool closed_ = false;
  bool late_ = false;
};

}  // namespace postrider::smtpd::testing
