#include "deliverd/local/local_delivery.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/unit/deliverd/local/source_file.h"
#include "tests/unit/maildir/mail_directory.h"

namespace deliverd_local_local_delivery_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  LocalDelivery::Options options(config::SyncMode sync) const {
    return {.mail_directory = mail.path(),
            .hostname = "mx.test",
            .sync = sync,
            .sync_interval = 1h,
            .files_per_sync = 1'000,
            .threads = 2};
  }

  MailDirectory mail;
  SourceFile source{"Subject: x\r\n\r\nbody\r\n"};
  ManualClock clock;
  std::string lines;
  log::Logger log{"deliverd", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  metrics::Counters counters;
  event::EventLoop loop;
  quota::Rooms rooms;
};

ipc::Job numbered(const SourceFile& source, unsigned number) {
  ipc::Job job = source.job({"ann@t"});
  job.set_number(number);
  job.set_message_id(fmt::format("{:020}", number));
  return job;
}

}  // namespace

TEST_CASE("local delivery: with a sync a file each job is reported as it ends", "[deliverd]") {
  Fixture f;
  LocalDelivery delivery(f.loop, f.options(config::SyncMode::each), f.rooms, f.clock, f.log,
                         f.counters);
  ipc::JobResult result;
  delivery.deliver(f.source.job({"ann@t", "bob@t"}), f.source.fd(), [&](ipc::JobResult r) {
    result = std::move(r);
    f.loop.stop();
  });
  CHECK(delivery.in_progress() == 1);
  f.loop.run();
  CHECK(delivery.in_progress() == 0);
  REQUIRE(result.recipients_size() == 2);
  CHECK(result.recipients(1).outcome() == ipc::DELIVERED);
  CHECK(files_in(f.mail.path() / "t/bob/Maildir/new").size() == 1);
  CHECK(f.counters.value(metrics::Counter::delivery_attempts_local) == 2);
  CHECK(f.lines.find("event=local_delivery id=0123456789abcdefghij outcome=delivered") !=
        std::string::npos);
}

TEST_CASE("local delivery: a batch is reported after its sync, when enough files gathered",
          "[deliverd]") {
  Fixture f;
  auto options = f.options(config::SyncMode::batch);
  options.files_per_sync = 8;
  LocalDelivery delivery(f.loop, options, f.rooms, f.clock, f.log, f.counters);
  unsigned reported = 0;
  for (unsigned i = 0; i < 8; ++i)
    delivery.deliver(numbered(f.source, i), f.source.fd(), [&](const ipc::JobResult& result) {
      CHECK(result.recipients(0).outcome() == ipc::DELIVERED);
      CHECK(files_in(f.mail.path() / "t/ann/Maildir/new").size() == 8);
      if (++reported == 8) f.loop.stop();
    });
  f.loop.run();
  CHECK(reported == 8);
}

TEST_CASE("local delivery: a lonely message is reported after the interval", "[deliverd]") {
  Fixture f;
  auto options = f.options(config::SyncMode::batch);
  options.sync_interval = 1ms;
  LocalDelivery delivery(f.loop, options, f.rooms, f.clock, f.log, f.counters);
  bool reported = false;
  delivery.deliver(f.source.job({"ann@t"}), f.source.fd(), [&](const ipc::JobResult&) {
    reported = true;
    f.loop.stop();
  });
  f.loop.run();
  CHECK(reported);
}

TEST_CASE("local delivery: a job that stored nothing waits for no sync", "[deliverd]") {
  Fixture f;
  LocalDelivery delivery(f.loop, f.options(config::SyncMode::batch), f.rooms, f.clock, f.log,
                         f.counters);
  ipc::JobResult result;
  delivery.deliver(f.source.job({"../ann@t"}), f.source.fd(), [&](ipc::JobResult r) {
    result = std::move(r);
    f.loop.stop();
  });
  f.loop.run();
  CHECK(result.recipients(0).outcome() == ipc::FAILED);
}

TEST_CASE("local delivery: destroyed with jobs under way, it reports nothing", "[deliverd]") {
  Fixture f;
  bool reported = false;
  {
    LocalDelivery delivery(f.loop, f.options(config::SyncMode::each), f.rooms, f.clock, f.log,
                           f.counters);
    for (unsigned i = 0; i < 20; ++i)
      delivery.deliver(numbered(f.source, i), f.source.fd(),
                       [&](const ipc::JobResult&) { reported = true; });
  }
  f.loop.post([&] { f.loop.stop(); });
  f.loop.run();
  CHECK_FALSE(reported);
}

TEST_CASE("local delivery: a mail directory that is not there stops the start", "[deliverd]") {
  Fixture f;
  auto options = f.options(config::SyncMode::batch);
  options.mail_directory += "/missing";
  CHECK_THROWS_AS(LocalDelivery(f.loop, options, f.rooms, f.clock, f.log, f.counters),
                  std::system_error);
}

}  // namespace deliverd_local_local_delivery_test
