#include "common/maildir/delivery.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_delivery_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

using Attempt = Delivery::Attempt;

const std::string kBase = "1800000000.0123456789abcdefghij0123456789abcdef.mx.test";
const std::string kText = "A: 1\n\nbody\n";
const std::string kName = kBase + ",S=11,W=14";
const std::string kOther = kBase + ",S=6,W=7";
const std::string kElsewhere = "1700000000.0123456789abcdefghij0123456789abcdef.old.test,S=11,W=14";

struct Fixture {
  DeliveryResult<Placed> deliver(Attempt attempt = Attempt::first, const std::string& text = kText,
                                 Sync sync = Sync::none) {
    auto delivery = Delivery::begin(
        {.mail_directory = mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
    REQUIRE(delivery);
    REQUIRE(delivery->append(text));
    return delivery->commit(attempt, sync);
  }
  fs::path box() const { return mail.path() / "t/ann/Maildir"; }

  MailDirectory mail;
};

}  // namespace

TEST_CASE("maildir delivery: the first message makes the mailbox, for its owner alone",
          "[maildir]") {
  Fixture f;
  const auto sync = GENERATE(Sync::none, Sync::file);
  CHECK(f.deliver(Attempt::first, kText, sync) == Placed::now);
  CHECK(files_in(f.box() / "new") == std::vector<std::string>{kName});
  CHECK(content_of(f.box() / "new" / kName) == kText);
  CHECK(files_in(f.box() / "tmp").empty());
  for (const char* directory : {"t", "t/ann", "t/ann/Maildir", "t/ann/Maildir/cur"})
    CHECK(fs::status(f.mail.path() / directory).permissions() == fs::perms::owner_all);
  CHECK(fs::status(f.box() / "new" / kName).permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("maildir delivery: it is told when the folders were changed around the rename",
          "[maildir]") {
  const Fixture f;
  auto delivery = Delivery::begin(
      {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
  REQUIRE(delivery);
  CHECK_FALSE(delivery->renamed().before);
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* folder : {"new", "cur"}) fs::last_write_time(f.box() / folder, long_ago);
  const auto before = change_times(f.mail.fd(), "t/ann/Maildir");
  REQUIRE(delivery->commit(Attempt::first, Sync::none));
  const auto after = change_times(f.mail.fd(), "t/ann/Maildir");
  CHECK(delivery->renamed().before == before);
  CHECK(delivery->renamed().after == after);
  // What comes later is not taken for ours.
  fs::last_write_time(f.box() / "new", long_ago);
  CHECK(delivery->renamed().after == after);
}

TEST_CASE("maildir delivery: what readers of old get of a header beyond ASCII is measured",
          "[maildir]") {
  Fixture f;
  REQUIRE(f.deliver(Attempt::first, "To: ü@a.test\n\nü\n"));
  CHECK(files_in(f.box() / "new") == std::vector<std::string>{kBase + ",S=18,W=21,D=44"});
  Fixture body;
  REQUIRE(body.deliver(Attempt::first, "To: a@a.test\n\nü\n"));
  CHECK(files_in(body.box() / "new") == std::vector<std::string>{kBase + ",S=17,W=20"});
}

TEST_CASE("maildir delivery: a delivery that is dropped leaves nothing", "[maildir]") {
  Fixture f;
  {
    auto delivery = Delivery::begin(
        {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
    REQUIRE(delivery->append("half"));
  }
  CHECK(files_in(f.box() / "tmp").empty());
  CHECK(files_in(f.box() / "new").empty());
}

TEST_CASE("maildir delivery: a large message arrives whole, and ends with a line end",
          "[maildir]") {
  Fixture f;
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += "line " + std::to_string(i) + "\n";
  text += "no end";
  auto delivery = Delivery::begin(
      {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
  const std::size_t step = GENERATE(values<std::size_t>({1000, 16384, 65536, 1'000'000}));
  for (std::size_t i = 0; i < text.size(); i += step)
    REQUIRE(delivery->append(std::string_view(text).substr(i, step)));
  CHECK(delivery->commit(Attempt::first, Sync::none) == Placed::now);
  const auto names = files_in(f.box() / "new");
  REQUIRE(names.size() == 1);
  CHECK(content_of(f.box() / "new" / names[0]) == text + "\n");
}

TEST_CASE("maildir delivery: a repeated delivery meets its earlier result", "[maildir]") {
  struct Row {
    const char* what;
    const char* folder;
    std::string name;
    std::string content;
    Placed placed;
    std::vector<std::string> in_new;
    std::size_t in_cur;
  };
  const auto row = GENERATE(values<Row>({
      {"whole in new", "new", kName, kText, Placed::earlier, {kName}, 0},
      {"whole in cur with flags", "cur", kName + ":2,FS", kText, Placed::earlier, {}, 1},
      {"whole with other trace fields", "new", kOther, "other\n", Placed::earlier, {kOther}, 0},
      {"whole, of another time and host",
       "new",
       kElsewhere,
       kText,
       Placed::earlier,
       {kElsewhere},
       0},
      {"empty", "new", kName, "", Placed::now, {kName}, 0},
      {"torn", "new", kName, "A: 1\n", Placed::now, {kName}, 0},
      {"of the right size, with holes",
       "new",
       kName,
       std::string(11, '\0'),
       Placed::earlier,
       {kName},
       0},
      {"torn in cur", "cur", kName + ":2,S", "A", Placed::now, {kName}, 0},
      {"without S=", "cur", kBase + ":2,S", kText, Placed::now, {kName}, 0},
      {"another message", "new", "1.other.host", kText, Placed::now, {"1.other.host", kName}, 0},
  }));
  CAPTURE(row.what);
  Fixture f;
  f.mail.create("t/ann");
  std::ofstream(f.box() / row.folder / row.name) << row.content;
  const auto sync = GENERATE(Sync::none, Sync::file);
  CHECK(f.deliver(Attempt::repeated, kText, sync) == row.placed);
  CHECK(files_in(f.box() / "new") == row.in_new);
  CHECK(files_in(f.box() / "cur").size() == row.in_cur);
  CHECK(files_in(f.box() / "tmp").empty());
  const std::string path = row.in_new.empty() ? "cur/" + row.name : "new/" + row.in_new.back();
  CHECK(content_of(f.box() / path) == (row.name == kOther ? row.content : kText));
}

TEST_CASE("maildir delivery: where an earlier result cannot be looked for, nothing is placed",
          "[maildir]") {
  Fixture f;
  REQUIRE(f.deliver());
  const fs::path folder = f.box() / GENERATE("new", "cur");
  fs::rename(f.box() / "new" / kName, folder / kName);  // as a reader does
  fs::rename(folder, f.box() / "away");
  { const std::ofstream no_folder(folder); }
  const auto placed = f.deliver(Attempt::repeated);
  REQUIRE_FALSE(placed);
  CHECK(placed.error().text.find(folder.filename().string()) != std::string::npos);
  fs::remove(folder);
  fs::rename(f.box() / "away", folder);
  CHECK(f.deliver(Attempt::repeated) == Placed::earlier);
  CHECK(files_in(f.box() / "tmp").empty());
}

TEST_CASE("maildir delivery: even a first attempt replaces a torn file of its name", "[maildir]") {
  Fixture f;
  f.mail.create("t/ann");
  std::ofstream(f.box() / "new" / kName) << "torn";
  CHECK(f.deliver() == Placed::now);
  CHECK(content_of(f.box() / "new" / kName) == kText);
}

TEST_CASE("maildir delivery: the same message by 8 threads at once ends as one file", "[maildir]") {
  Fixture f;
  const bool torn = GENERATE(false, true);
  if (torn) {
    f.mail.create("t/ann");
    std::ofstream(f.box() / "new" / kName) << "torn";
  }
  std::atomic<int> placed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto delivery = Delivery::begin(
          {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
      if (delivery && delivery->append(kText) && delivery->commit(Attempt::repeated, Sync::none))
        ++placed;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(placed == 8);
  CHECK(files_in(f.box() / "new") == std::vector<std::string>{kName});
  CHECK(content_of(f.box() / "new" / kName) == kText);
  CHECK(files_in(f.box() / "tmp").empty());
}

TEST_CASE("maildir delivery: a mailbox that cannot be made is an error that says where",
          "[maildir]") {
  Fixture f;
  std::ofstream(f.mail.path() / "t") << "a file where a directory should be";
  const auto delivery = Delivery::begin(
      {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
  REQUIRE_FALSE(delivery);
  CHECK(delivery.error().cause == DeliveryError::Cause::other);
  CHECK(delivery.error().text.find("t/ann/Maildir") != std::string::npos);
}

}  // namespace maildir_delivery_test
