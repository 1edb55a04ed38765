#include "ctl/monitor/samples.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "ctl/monitor/chart.h"
#include "tests/unit/ctl/monitor/survey_model.h"
#include "tests/unit/temp_directory.h"

namespace ctl_monitor_samples_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;
using test::kNow;

namespace {

Sample sample_at(WallTime time, std::uint64_t accepted) {
  Sample sample{.time = time};
  sample.values[0] = accepted;
  return sample;
}

}  // namespace

TEST_CASE("monitor samples: what was written is read again, the oldest first", "[monitor]") {
  const test::TempDirectory directory;
  const std::string path = SampleFile::path(directory.path());
  CHECK(read_samples(path, kNow).empty());
  const auto file = SampleFile::open(path);
  REQUIRE(file);
  REQUIRE(file->write(sample_at(kNow - 1h - 20s, 1)));
  REQUIRE(file->write(sample_at(kNow - 1h - 30s, 1)));
  REQUIRE(file->write(sample_at(kNow - 20s, 5)));
  REQUIRE(file->write(sample_at(kNow - 10s, 7)));
  const Samples samples = read_samples(path, kNow);
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].time == kNow - 20s);
  CHECK(samples[0][Series::accepted] == 5);
  CHECK(samples[1][Series::accepted] == 7);
}

TEST_CASE("monitor samples: the file keeps an hour, whatever is written", "[monitor]") {
  const test::TempDirectory directory;
  const std::string path = SampleFile::path(directory.path());
  const auto file = SampleFile::open(path);
  REQUIRE(file);
  for (unsigned i = 0; i < 1000; ++i)
    REQUIRE(file->write(sample_at(kNow - 10'000s + i * kSampleInterval, i)));
  const Samples samples = read_samples(path, kNow);
  CHECK(samples.size() == kSamples - 1);
  CHECK(samples.back()[Series::accepted] == 999);
}

TEST_CASE("monitor samples: a row that is torn is none, wherever it is", "[monitor]") {
  const test::TempDirectory directory;
  const std::string path = SampleFile::path(directory.path());
  const auto file = SampleFile::open(path);
  REQUIRE(file);
  REQUIRE(file->write(sample_at(kNow - 10s, 7)));
  const Fd fd(::open(path.c_str(), O_RDWR));
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  constexpr auto kRow = static_cast<off_t>((kSeries + 2) * sizeof(std::uint64_t));
  for (off_t at = end - kRow; at < end; ++at) {
    char octet = 0;
    REQUIRE(::pread(fd.get(), &octet, 1, at) == 1);
    const char other = static_cast<char>(octet ^ 0x10);
    REQUIRE(::pwrite(fd.get(), &other, 1, at) == 1);
    CHECK(read_samples(path, kNow).empty());
    REQUIRE(::pwrite(fd.get(), &octet, 1, at) == 1);
  }
  CHECK(read_samples(path, kNow).size() == 1);
}

TEST_CASE("monitor samples: a rate is of the time that lies between", "[monitor]") {
  const Samples samples{sample_at(kNow - 70s, 100), sample_at(kNow - 60s, 200),
                        sample_at(kNow - 10s, 400)};
  const Sample last = sample_at(kNow, 500);
  CHECK(rate(samples, last, Series::accepted, 60s) == Approx(5));
  CHECK(growth(samples, last, Series::accepted, 60s) == 300);
  CHECK(growth(samples, last, Series::accepted, 1h) == 400);
  CHECK_FALSE(rate(samples, last, Series::accepted, 80s));
}

TEST_CASE("monitor samples: what began anew, or is too old, is no rate", "[monitor]") {
  const Sample last = sample_at(kNow, 500);
  CHECK_FALSE(rate({}, last, Series::accepted, 60s));
  CHECK(growth({}, last, Series::accepted, 60s) == 0);
  CHECK_FALSE(rate({sample_at(kNow - 60s, 501)}, last, Series::accepted, 60s));
  CHECK(growth({sample_at(kNow - 60s, 501)}, last, Series::accepted, 60s) == 0);
  CHECK_FALSE(rate({sample_at(kNow - 10min, 100)}, last, Series::accepted, 60s));
}

TEST_CASE("monitor chart: each minute has what happened in it", "[monitor]") {
  const Points points =
      growth_by_minute(test::steady_samples(Series::accepted, 3), kNow, Series::accepted);
  REQUIRE(points.size() == kChartPoints);
  for (std::size_t i = 2; i + 1 < points.size(); ++i) {
    CAPTURE(i);
    REQUIRE(points[i]);
    CHECK(*points[i] == Approx(18));
  }
}

TEST_CASE("monitor chart: of a minute without samples nothing is told", "[monitor]") {
  Samples samples = test::steady_samples(Series::accepted, 3);
  std::erase_if(samples, [](const Sample& sample) {
    return sample.time > kNow - 31min && sample.time < kNow - 25min;
  });
  const Points points = growth_by_minute(samples, kNow, Series::accepted);
  CHECK_FALSE(points[30]);
  CHECK_FALSE(points[33]);
  CHECK(points[20]);
  CHECK(points[40]);
}

TEST_CASE("monitor chart: a scale ends in a number that people like", "[monitor]") {
  struct Case {
    double value, end;
  };
  const auto [value, end] = GENERATE(values<Case>(
      {{0, 1}, {1, 1}, {1.5, 2}, {2, 2}, {3, 5}, {5, 5}, {7, 10}, {10, 10}, {11, 20}, {480, 500}}));
  CHECK(round_up(value) == Approx(end));
}

TEST_CASE("monitor chart: without samples it says so and draws nothing", "[monitor]") {
  const Html empty = chart("Mail", "", {{"accepted", "a", Points(kChartPoints)}});
  CHECK(empty.str().find("<svg") == std::string::npos);
  CHECK(empty.str().find("as time passes") != std::string::npos);
  const Html drawn = chart("Mail", "", {{"accepted", "a", Points(kChartPoints, 3.0)}});
  CHECK(drawn.str().find("<svg") != std::string::npos);
}

}  // namespace ctl_monitor_samples_test
