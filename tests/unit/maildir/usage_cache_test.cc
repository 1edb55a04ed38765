#include "common/maildir/usage_cache.h"

#include <sys/stat.h>

#include <array>

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

using namespace postrider;
using namespace postrider::maildir;
using namespace std::chrono_literals;

namespace {

const std::string kBox = "t/ann/Maildir";

struct Fixture {
  // A message of that many octets, at a time when nothing else happens.
  void put(const std::string& folder, std::uint64_t octets) {
    ++second;
    std::ofstream(maildir / folder / (std::to_string(second) + ".a.h,S=" + std::to_string(octets)));
    touch(folder);
  }
  void touch(const std::string& folder) const {
    const std::array<timespec, 2> times{timespec{second, 0}, timespec{second, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (maildir / folder).c_str(), times.data(), 0) == 0);
  }
  std::uint64_t read() { return cache.read(kBox, "").value().octets; }

  MailDirectory mail;
  std::filesystem::path maildir = mail.create("t/ann");
  std::int64_t second = 1'000'000'000;
  ManualClock clock;
  UsageCache cache{mail.fd(), clock};
};

}  // namespace

TEST_CASE("maildir usage cache: what was read is kept while nobody changes the mailbox",
          "[maildir]") {
  Fixture f;
  const std::string changed = GENERATE("new", "cur");
  f.put("new", 100);
  CHECK_FALSE(f.cache.kept(kBox));
  CHECK(f.read() == 100);
  CHECK(f.cache.kept(kBox) == 100);
  f.put(changed, 20);
  CHECK_FALSE(f.cache.kept(kBox));
  CHECK(f.read() == 120);
  CHECK(f.cache.kept(kBox) == 120);
}

TEST_CASE("maildir usage cache: a delivery of ours is added, unless others were there as well",
          "[maildir]") {
  Fixture f;
  f.put("cur", 100);
  f.read();
  const bool others = GENERATE(false, true);
  if (others) f.put("cur", 1);
  const auto before = f.cache.times_of(kBox);
  f.put("new", 20);
  f.cache.add(kBox, before, 20);
  CHECK(f.cache.kept(kBox) == (others ? std::nullopt : std::optional<std::uint64_t>(120)));
}

TEST_CASE("maildir usage cache: of two deliveries at once none is lost", "[maildir]") {
  Fixture f;
  f.put("cur", 100);
  f.read();
  const auto before = f.cache.times_of(kBox);
  f.put("new", 20);
  f.put("new", 3);
  f.cache.add(kBox, before, 20);
  f.cache.add(kBox, before, 3);
  CHECK(f.cache.kept(kBox).value_or(f.read()) == 123);
}

TEST_CASE("maildir usage cache: nothing is believed for ever, nor from the future", "[maildir]") {
  Fixture f;
  f.put("new", 100);
  f.read();
  f.clock.advance(UsageCache::kBelieved - 1us);
  CHECK(f.cache.kept(kBox) == 100);
  f.clock.advance(GENERATE(1us, -UsageCache::kBelieved));
  CHECK_FALSE(f.cache.kept(kBox));
}

TEST_CASE(
    "maildir usage cache: a mailbox that is not there, or whose message was asked for, is not kept",
    "[maildir]") {
  Fixture f;
  CHECK(f.cache.read("t/bob/Maildir", "") == Usage{});
  CHECK_FALSE(f.cache.kept("t/bob/Maildir"));
  f.put("new", 100);
  CHECK(f.cache.read(kBox, std::to_string(f.second) + ".a.h") == Usage{0, true});
  CHECK_FALSE(f.cache.kept(kBox));
}

TEST_CASE("maildir usage cache: it keeps a bounded number of mailboxes", "[maildir]") {
  Fixture f;
  f.put("new", 100);
  // Other names of the same mailbox.
  const auto name = [](std::size_t i) {
    return "t" + std::string(i / 64 + 1, '/') + "ann" + std::string(i % 64 + 1, '/') + "Maildir";
  };
  for (std::size_t i = 0; i < UsageCache::kMailboxes; ++i) REQUIRE(f.cache.read(name(i), ""));
  CHECK(f.cache.kept(name(0)) == 100);
  REQUIRE(f.cache.read(name(UsageCache::kMailboxes), ""));
  CHECK_FALSE(f.cache.kept(name(0)));
  CHECK(f.cache.kept(name(UsageCache::kMailboxes)) == 100);
}
