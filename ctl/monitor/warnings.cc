#include "ctl/monitor/warnings.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/mailbox_rooms.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using Weight = Warning::Weight;
using Found = std::optional<Warning>;

struct Known {
  const Survey& survey;
  const Samples& samples;
  const config::Settings& settings;

  std::uint64_t lately(Series series) const {
    return growth(samples, survey.sample, series, hours{1});
  }
};

std::string_view effect_of(std::string_view daemon) {
  if (daemon == "smtpd") return "No mail is taken in.";
  if (daemon == "queued") return "Mail is taken in and kept, and none is delivered.";
  if (daemon == "deliverd@local") return "Nothing is delivered to mailboxes; it waits.";
  if (daemon == "deliverd@remote") return "Nothing is sent to other servers; it waits.";
  return "Nobody can read mail over POP3.";
}

Found daemon_down(const Known& known) {
  std::vector<std::string_view> down;
  std::string effects;
  for (const std::string_view daemon : daemon_names()) {
    if (is_running(known.survey, daemon)) continue;
    down.push_back(daemon);
    effects += fmt::format(" {}", effect_of(daemon));
  }
  if (down.empty()) return std::nullopt;
  return Warning{Weight::bad, "daemon_down",
                 fmt::format("{} {} not run.{}", fmt::join(down, ", "),
                             down.size() == 1 ? "does" : "do", effects),
                 "The log tells why it ended; `postrider run`, or the service manager, starts it "
                 "again."};
}

Found queued_silent(const Known& known) {
  if (known.survey.queued_answers() || !is_running(known.survey, "queued")) return std::nullopt;
  return Warning{Weight::bad, "queued_silent",
                 fmt::format("queued runs and cannot be asked: {}.", known.survey.queue.failure),
                 "If it lasts, its log tells what it waits for: most likely the disk."};
}

Found commits_failed(const Known& known) {
  const std::uint64_t failed =
      known.lately(Series::commit_failures) + known.lately(Series::storage_failures);
  if (failed == 0) return std::nullopt;
  return Warning{
      Weight::bad, "storage_failures",
      fmt::format("The spool could not be written or read {} times in the last hour; "
                  "clients were told to try again.",
                  failed),
      fmt::format("The log says why (spool_write_failed); look at the file system of {}.",
                  known.settings.paths.spool)};
}

Found space(const Known& known) {
  const auto& spool = known.survey.spool;
  if (!spool) return std::nullopt;
  const std::uint64_t least = known.settings.spool.min_free;
  const bool refused = spool->free < least;
  if (!refused && spool->free >= 2 * least && spool->free >= spool->size / 100 * kLowSpacePercent)
    return std::nullopt;
  return Warning{refused ? Weight::bad : Weight::soon, "spool_space",
                 fmt::format("The file system of the spool has {} left of {}; below {} "
                             "(spool.min_free) mail is refused with 452.",
                             short_size(spool->free), short_size(spool->size), short_size(least)),
                 fmt::format("Make room where {} is.", known.settings.paths.spool)};
}

Found certificate(const Known& known) {
  std::int64_t first = 0;
  for (const metrics::Life& life : known.survey.reading.lives) {
    const std::int64_t expiry = life[metrics::Gauge::certificate_expiry];
    if (expiry != 0 && (first == 0 || expiry < first)) first = expiry;
  }
  if (first == 0) return std::nullopt;
  const auto left = std::chrono::seconds(first) - known.survey.time.time_since_epoch();
  if (left >= kCertificateNotice) return std::nullopt;
  const bool over = left.count() <= 0;
  return Warning{
      over ? Weight::bad : Weight::soon, "certificate",
      over ? fmt::format("A certificate that is served has expired {} ago.", short_duration(-left))
           : fmt::format("A certificate that is served expires in {}.", short_duration(left)),
      "Renew it; new files are served within seconds, without a restart."};
}

Found old_mail(const Known& known) {
  const std::int64_t oldest = known.survey.queue.status.oldest_us();
  const auto limit = std::max<microseconds>(known.settings.queue.delay_warning, hours{1});
  const microseconds age = known.survey.time.time_since_epoch() - microseconds(oldest);
  if (oldest == 0 || age < limit) return std::nullopt;
  return Warning{Weight::note, "old_mail",
                 fmt::format("The oldest message has waited for {}.", short_duration(age)),
                 "`postrider queue summary` says for what the queue waits."};
}

// A destination's own trouble, which the page names one by one.
Found outages(const Known& known) {
  const std::int64_t down = known.survey.reading.sum(metrics::Gauge::destinations_down);
  if (down <= 0) return std::nullopt;
  return Warning{Weight::note, "destinations_down",
                 fmt::format("{} destination{} cannot be reached.", down, down == 1 ? "" : "s"),
                 "They are asked again by themselves; `postrider queue summary` says why."};
}

Found paused(const Known& known) {
  const auto& pauses = known.survey.queue.pauses;
  if (pauses.empty()) return std::nullopt;
  return Warning{Weight::note, "destinations_paused",
                 fmt::format("{} destination{} paused by an operator, {} first.", pauses.size(),
                             pauses.size() == 1 ? " is" : "s are", pauses.front().destination()),
                 "`postrider queue resume DESTINATION` lets mail go there again."};
}

Found held(const Known& known) {
  const std::uint64_t messages = known.survey.queue.status.held();
  if (messages == 0) return std::nullopt;
  return Warning{Weight::note, "mail_held",
                 fmt::format("{} message{} held.", messages, messages == 1 ? " is" : "s are"),
                 "`postrider queue list --state held` says why, `postrider queue release` lets "
                 "them go."};
}

Found corrupt(const Known& known) {
  const std::uint64_t messages =
      known.survey.reading.sum()[metrics::Counter::queue_messages_corrupt];
  if (messages == 0) return std::nullopt;
  return Warning{Weight::soon, "corrupt",
                 fmt::format("{} message{} found damaged on the disk since counting began; the "
                             "senders were told.",
                             messages, messages == 1 ? " was" : "s were"),
                 fmt::format("Look at the disk. What was damaged is in {}/quarantine; `postrider "
                             "queue verify` examines the rest.",
                             known.settings.paths.spool)};
}

Found guessing(const Known& known) {
  const std::uint64_t wrong = known.lately(Series::wrong_passwords);
  if (wrong < kManyWrongPasswords) return std::nullopt;
  return Warning{Weight::note, "wrong_passwords",
                 fmt::format("{} wrong passwords were tried in the last hour.", wrong),
                 "Who guesses is banned by itself; `postrider bans list` shows whom."};
}

Found handshakes(const Known& known) {
  const std::uint64_t failed = known.lately(Series::tls_failures);
  if (failed < kManyTlsFailures) return std::nullopt;
  return Warning{Weight::note, "tls_failures",
                 fmt::format("{} handshakes of TLS failed in the last hour.", failed),
                 "handshake_failed in the log says why; if many name the certificate, look at "
                 "tls.certificate."};
}

Found full_mailboxes(const Known& known) {
  const auto& rooms = known.survey.nearly_full;
  if (!rooms || rooms->empty()) return std::nullopt;
  return Warning{Weight::note, "mailboxes_nearly_full",
                 fmt::format("{} mailbox{} nearly full, {} first.", rooms->size(),
                             rooms->size() == 1 ? " is" : "es are", rooms->front().mailbox),
                 "`postrider user quota`, or their owners, make room."};
}

constexpr std::array<Found (*)(const Known&), 13> kRules{
    &daemon_down, &queued_silent, &commits_failed, &space,  &certificate,
    &corrupt,     &old_mail,      &outages,        &paused, &held,
    &guessing,    &handshakes,    &full_mailboxes};

}  // namespace

std::string_view name_of(Weight weight) noexcept {
  switch (weight) {
    case Weight::bad: return "bad";
    case Weight::soon: return "soon";
    case Weight::note: return "note";
  }
  return "note";
}

std::vector<Warning> warnings_of(const Survey& survey, const Samples& samples,
                                 const config::Settings& settings) {
  const Known known{survey, samples, settings};
  std::vector<Warning> warnings;
  for (const auto rule : kRules)
    if (auto found = rule(known)) warnings.push_back(std::move(*found));
  std::stable_sort(warnings.begin(), warnings.end(),
                   [](const Warning& a, const Warning& b) { return a.weight < b.weight; });
  return warnings;
}

nlohmann::json to_json(const std::vector<Warning>& warnings) {
  auto all = nlohmann::json::array();
  for (const Warning& warning : warnings)
    all.push_back({{"name", warning.name},
                   {"weight", name_of(warning.weight)},
                   {"what", warning.what},
                   {"mend", warning.mend}});
  return all;
}

std::string to_text(const std::vector<Warning>& warnings, std::size_t width) {
  std::string text;
  for (const Warning& warning : warnings)
    text += wrapped(fmt::format("{} {} {}", warning.weight == Weight::note ? "-" : "!",
                                printable(warning.what), printable(warning.mend)),
                    width);
  return text;
}

}  // namespace postrider::ctl
