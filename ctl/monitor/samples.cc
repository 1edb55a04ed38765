#include "ctl/monitor/samples.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include "common/base/regular_file.h"

namespace postrider::ctl {

namespace {

using metrics::Counter;

// Changes with the meaning of the values.
constexpr std::uint64_t kFormat = 0x706f737472690001;
// A sample that comes late is taken for one of its time, no later than this.
constexpr std::chrono::seconds kTolerance = 3 * kSampleInterval;

using Row = std::array<std::uint64_t, kSeries + 2>;

std::uint64_t checksum(const Row& row) {
  return XXH3_64bits_withSeed(row.data(), sizeof(Row) - sizeof(std::uint64_t), kFormat);
}

off_t place_of(WallTime time) {
  const auto number = static_cast<std::uint64_t>(time.time_since_epoch() / kSampleInterval);
  return static_cast<off_t>((number % kSamples) * sizeof(Row));
}

// The newest sample that is at least `span` older than `last`.
const Sample* before(const Samples& samples, const Sample& last, std::chrono::seconds span) {
  const auto later = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
    return last.time - sample.time < span;
  });
  return later == samples.begin() ? nullptr : &*(later - 1);
}

}  // namespace

Sample take_sample(WallTime now, const metrics::Reading& reading, const ipc::QueueStatus* queue) {
  const metrics::Counts counts = reading.sum();
  const auto sum = [&](auto... counter) { return (counts[counter] + ...); };
  Sample sample{
      .time = now,
      .values = {sum(Counter::smtp_messages_accepted),
                 sum(Counter::smtp_messages_refused, Counter::smtp_recipients_refused),
                 sum(Counter::queue_recipients_delivered),
                 sum(Counter::queue_recipients_bounced, Counter::queue_recipients_expired),
                 sum(Counter::queue_messages_deferred), sum(Counter::smtp_connections),
                 sum(Counter::pop3_logins), sum(Counter::pop3_messages_retrieved),
                 sum(Counter::spool_commit_failures),
                 sum(Counter::smtp_tls_failures, Counter::pop3_tls_failures),
                 sum(Counter::authentication_failures), sum(Counter::queue_storage_failures)}};
  if (queue == nullptr) return sample;
  const auto set = [&](Series series, std::uint64_t value) {
    sample.values[static_cast<std::size_t>(series)] = value;
  };
  set(Series::queue_active, queue->active());
  set(Series::queue_deferred, queue->deferred());
  set(Series::queue_held, queue->held());
  return sample;
}

std::string SampleFile::path(const std::string& run_directory) { return run_directory + "/rates"; }

Result<SampleFile> SampleFile::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(path, errno);
  return SampleFile(path, std::move(fd));
}

Result<void> SampleFile::write(const Sample& sample) const {
  Row row{};
  row.front() = static_cast<std::uint64_t>(sample.time.time_since_epoch().count());
  std::copy(sample.values.begin(), sample.values.end(), row.begin() + 1);
  row.back() = checksum(row);
  const ssize_t n = ::pwrite(fd_.get(), row.data(), sizeof row, place_of(sample.time));
  if (n == ssize_t{sizeof row}) return {};
  return fail_errno(path_, n < 0 ? errno : ENOSPC);
}

Samples read_samples(const std::string& path, WallTime now) {
  Samples samples;
  const auto fd = open_regular_file(path);
  Row row{};
  for (std::size_t i = 0; i < kSamples && fd; ++i) {
    const auto at = static_cast<off_t>(i * sizeof row);
    if (::pread(fd->get(), row.data(), sizeof row, at) != ssize_t{sizeof row}) break;
    Sample sample{.time = WallTime(std::chrono::microseconds(row.front()))};
    const auto age = now - sample.time;
    const bool recent = age.count() >= 0 && age < kSamples * kSampleInterval;
    if (row.back() != checksum(row) || !recent) continue;
    std::copy(row.begin() + 1, row.end() - 1, sample.values.begin());
    samples.push_back(sample);
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.time < b.time; });
  return samples;
}

std::optional<double> rate(const Samples& samples, const Sample& last, Series series,
                           std::chrono::seconds span) {
  const Sample* const first = before(samples, last, span);
  if (first == nullptr || (*first)[series] > last[series]) return std::nullopt;
  const std::chrono::duration<double> time = last.time - first->time;
  if (time > span + kTolerance) return std::nullopt;
  return static_cast<double>(last[series] - (*first)[series]) / time.count();
}

std::uint64_t growth(const Samples& samples, const Sample& last, Series series,
                     std::chrono::seconds span) {
  const Sample* first = before(samples, last, span);
  if (first == nullptr && !samples.empty()) first = &samples.front();
  if (first == nullptr || (*first)[series] > last[series]) return 0;
  return last[series] - (*first)[series];
}

}  // namespace postrider::ctl
