#include "common/quota/full_marks.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace std::chrono_literals;
using quota::FullMarks;

TEST_CASE("full marks: a mark is believed until it is cleared, or old", "[quota]") {
  const test::TempDirectory run;
  const FullMarks deliverd(run.path());
  const FullMarks smtpd(run.path());
  const WallTime now{1'800'000'000s};
  CHECK_FALSE(smtpd.is_set("a@b.test", now));
  deliverd.clear("a@b.test");
  deliverd.set("a@b.test", now);
  CHECK(smtpd.is_set("a@b.test", now));
  CHECK_FALSE(smtpd.is_set("c@b.test", now));
  CHECK(smtpd.is_set("a@b.test", now + FullMarks::kLifetime - 1s));
  CHECK_FALSE(smtpd.is_set("a@b.test", now + FullMarks::kLifetime));
  CHECK_FALSE(smtpd.is_set("a@b.test", now - 1s));
  deliverd.set("a@b.test", now + 1h);
  CHECK(smtpd.is_set("a@b.test", now + 1h));
  deliverd.clear("a@b.test");
  CHECK_FALSE(smtpd.is_set("a@b.test", now + 1h));
}

TEST_CASE("full marks: a name that could mean another place is never marked", "[quota]") {
  const std::string name = GENERATE(as<std::string>(), "", ".", "..", "../x", "a/b@c.test");
  const test::TempDirectory run;
  const FullMarks marks(run.path());
  const WallTime now{1'800'000'000s};
  marks.set(name, now);
  CHECK_FALSE(marks.is_set(name, now));
  struct stat status {};
  CHECK(::stat((run.path() + "/x").c_str(), &status) != 0);
}

TEST_CASE("full marks: a folder that cannot be had marks nothing", "[quota]") {
  const FullMarks marks("/nonexistent");
  const WallTime now{1'800'000'000s};
  marks.set("a@b.test", now);
  marks.clear("a@b.test");
  CHECK_FALSE(marks.is_set("a@b.test", now));
}
