#include "pop3d/transfer.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace pop3d_transfer_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

struct Fixture {
  Fixture() {
    box = mail.create("t/ann");
    std::ofstream(box / "new/1.a.h") << std::string(300'000, 'x');
    mailbox = std::move(*maildir::Mailbox::open(mail.path(), "ann@t", WallTime()));
  }

  // Where it is not listed it has to be looked for, and that waits for the disk.
  void move_away() const {
    const auto name = files_in(box / "new").at(0);
    std::filesystem::rename(box / "new" / name, box / "cur" / (name + ":2,S"));
  }

  MailDirectory mail;
  std::filesystem::path box;
  event::EventLoop loop;
  event::WorkerPool files{loop, 1};
  std::shared_ptr<maildir::Mailbox> mailbox;
};

}  // namespace

TEST_CASE("pop3d transfer: portions come in order, and the last is the last", "[pop3d]") {
  Fixture f;
  if (GENERATE(true, false)) f.move_away();
  Transfer transfer(f.files, f.mailbox, 0, {}, maildir::Form::original, [&] { f.loop.stop(); });
  std::string all;
  for (bool last = false; !last;) {
    auto portion = transfer.take();
    if (!portion) {
      f.loop.run();
      continue;
    }
    REQUIRE(portion->has_value());
    all += (*portion)->wire;
    last = (*portion)->last;
  }
  CHECK(all == std::string(300'000, 'x') + "\r\n");
}

TEST_CASE("pop3d transfer: dropped while it reads, it is not heard of again", "[pop3d]") {
  Fixture f;
  f.move_away();
  bool called = false;
  auto transfer = std::make_unique<Transfer>(f.files, f.mailbox, 0, std::nullopt,
                                             maildir::Form::original, [&] { called = true; });
  CHECK_FALSE(transfer->take().has_value());
  transfer.reset();
  const auto after = f.files.run([] { return 0; }, [&](int) { f.loop.stop(); });
  f.loop.run();
  CHECK_FALSE(called);
}

}  // namespace pop3d_transfer_test
