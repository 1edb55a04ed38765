#include "tests/crash/world.h"

#include <sys/stat.h>

#include <thread>

#include "common/base/check.h"
#include "common/base/directory.h"
#include "queued/rescue.h"
#include "queued/service.h"

namespace postrider::crash {

namespace {

using namespace std::chrono_literals;
using std::chrono::hours;

constexpr WallTime kBeginning{1'800'000'000s};
constexpr std::uint64_t kLargeMessage = 8'000;
constexpr hours kHeld{1};
// The time from one life of an instance to the next.
constexpr hours kBetweenLives{1000};
// Turns without work after which nothing is expected to come; and while a message is in memory, as
// a thread may be writing its report, how many pauses.
constexpr int kQuietTurns = 3;
constexpr int kQuietPauses = 40;
constexpr std::chrono::microseconds kPause{50};
// How often something in memory may wait for its next write before the disk counts as failing.
constexpr int kStuckRounds = 8;

template <typename T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

const spool::Paths& prepared(const config::Settings& settings, const spool::Paths& paths) {
  value_of(require_writable_directory(settings.paths.mail));
  value_of(queued::prepare_spool(settings));
  return paths;
}

spool::Writer::Options options(const spool::Paths& paths, std::string name, unsigned number,
                               std::uint64_t large_message) {
  return {.directory = paths.root,
          .name = std::move(name),
          .number = number,
          .segment_size = 6'000,
          .large_message = large_message,
          .min_free = 0};
}

// What another server says to mail for this recipient. `early`: it has only just arrived here.
ipc::Outcome outcome_of(const std::string& address, bool early) {
  if (address.starts_with("never-")) return ipc::FAILED;
  return address.starts_with("later@") && early ? ipc::DEFERRED : ipc::DELIVERED;
}

}  // namespace

config::Settings World::settings_of(const std::string& root) {
  config::Settings settings;
  settings.hostname = "mx.local.test";
  settings.paths.spool = spool_of(root);
  settings.paths.mail = mail_of(root);
  settings.queue.retry_interval = 30min;
  settings.queue.lifetime = 10'000h;  // nothing expires between two lives
  settings.queue.bounce_lifetime = 10'000h;
  settings.queue.active_limit = 1000;
  settings.queue.destination_concurrency = 20;
  settings.queue.bounce_size_limit = 1'000'000;
  return settings;
}

World::World(const std::string& root, Ledger& ledger, unsigned life)
    : ledger_(ledger),
      settings_(settings_of(root)),
      paths_{settings_.paths.spool},
      clock_(kBeginning + life * kBetweenLives),
      random_(life + 1),
      log_("crash", log::Level::info, log::Format::logfmt, clock_,
           [this](std::string_view lines) { logged_ += lines; }),
      directory_(loop_),
      router_(settings_, directory_),
      store_{loop_,
             value_of(queued::open_store(spool::system_disk(), prepared(settings_, paths_), log_,
                                         clock_.now())),
             value_of(queued::StoreReader::open(spool::system_disk(), paths_))},
      promoted_(value_of(queued::Promoted::open(paths_))),
      intake_(spool::system_disk(), paths_, clock_, log_, counters_,
              [this](const MessageId& id) { return is_promoted(id); }),
      reports_writer_(loop_, spool::system_disk(),
                      options(paths_, "queued", 1023, spool::kMaxContent), clock_, random_, log_,
                      counters_,
                      [this](const spool::SegmentProgress& p) {
                        intake_.on_progress(p);
                        queue_.wake_later();
                      }),
      reports_(loop_, spool::system_disk(), reports_writer_, settings_, clock_, log_),
      queue_({loop_, settings_, spool::system_disk(), clock_, random_, log_, counters_, router_,
              intake_, store_, reports_}),
      writer_(loop_, spool::system_disk(), options(paths_, "smtpd0", 0, kLargeMessage), clock_,
              random_, log_, counters_,
              [this](const spool::SegmentProgress& p) {
                intake_.on_progress(p);
                queue_.wake_later();
              }),
      local_(loop_,
             {.mail_directory = settings_.paths.mail,
              .hostname = settings_.hostname,
              .sync_interval = 0ms,
              .files_per_sync = 4,
              .threads = 1},
             rooms_, clock_, log_, counters_) {
  store_.set_on_damaged([this] {
    static_cast<void>(queued::mark_damaged(spool::system_disk(), paths_));
    damaged_ = true;
  });
  loop_.set_after_turn([this] { intake_.flush(); });
}

Result<bool> World::is_promoted(const MessageId& id) {
  auto promoted = promoted_.contains(id);
  if (promoted_.damaged()) store_.note_damage();
  return promoted;
}

void World::accept(const std::vector<std::size_t>& letters) {
  for (const std::size_t letter : letters) begin_accepting(letter);
  run_until([this] { return unanswered_ == 0; });
  arriving_.clear();
}

void World::begin_accepting(std::size_t number) {
  Letter& letter = ledger_.letters()[number];
  auto draft = writer_.begin(letter.content.size());
  if (!draft || !(*draft)->append(letter.content)) return ledger_.note(Fact::Kind::refused, number);
  letter.id = (*draft)->id().str();
  spool::Envelope envelope;
  envelope.set_id(letter.id);
  envelope.set_arrival_us(clock_.now().time_since_epoch().count());
  envelope.set_sender(kSender);
  for (const std::string& address : letter.recipients) {
    spool::Recipient& recipient = *envelope.add_recipients();
    recipient.set_address(address);
    if (address.starts_with("told-")) recipient.set_notify("SUCCESS");
    if (address.starts_with("held@"))
      envelope.set_release_us((clock_.now() + kHeld).time_since_epoch().count());
  }
  ++unanswered_;
  arriving_.push_back(
      writer_.commit(std::move(*draft), envelope, [this, number](const Result<void>& durable) {
        --unanswered_;
        ledger_.note(durable ? Fact::Kind::accepted : Fact::Kind::refused, number);
      }));
}

void World::settle() {
  intake_.scan();
  queue_.wake();
  int quiet = 0;
  std::size_t active = 0;
  run_until([&] {
    if (pump() || !idle() || queue_.active() != active) quiet = 0;
    active = queue_.active();
    if (active > 0) std::this_thread::sleep_for(kPause);
    return ++quiet > (active > 0 ? kQuietPauses : kQuietTurns);
  });
}

void World::run(hours limit) {
  const WallTime end = clock_.now() + limit;
  int stuck = 0;
  while (clock_.now() < end && stuck < kStuckRounds) {
    settle();
    stuck = queue_.active() > 0 ? stuck + 1 : 0;
    const WallTime now = clock_.now();
    const WallTime next = queue_.next_wakeup();
    if (queue_.active() == 0 && next >= now + 1h) return;
    clock_.set(std::max(next, now + 1s));
  }
}

void World::run_until(const std::function<bool()>& condition) {
  event::Timer tick(loop_, [&] { condition() ? loop_.stop() : tick.arm(0us); });
  tick.arm(0us);
  loop_.run();
}

bool World::idle() const { return unanswered_ == 0 && store_.idle() && local_.in_progress() == 0; }

bool World::pump() {
  bool worked = false;
  while (auto order = queue_.next_order(queued::WorkKind::local)) {
    worked = true;
    const int source = order->source->fd.get();
    local_.deliver(order->job, source,
                   [this, ticket = order->ticket, kept = order->source](const ipc::JobResult& r) {
                     queue_.on_result(ticket, r);
                   });
  }
  while (const auto order = queue_.next_order(queued::WorkKind::remote)) {
    worked = true;
    queue_.on_result(order->ticket, answer(order->job));
  }
  return worked;
}

ipc::JobResult World::answer(const ipc::Job& job) {
  const auto& letters = ledger_.letters();
  const auto letter = std::find_if(letters.begin(), letters.end(),
                                   [&](const Letter& one) { return one.id == job.message_id(); });
  POSTRIDER_CHECK(letter != letters.end());
  const WallTime arrival{std::chrono::microseconds(job.arrival_us())};
  ipc::JobResult all;
  for (const ipc::JobRecipient& recipient : job.recipients()) {
    const auto outcome = outcome_of(recipient.address(), clock_.now() < arrival + 10min);
    ipc::RecipientResult& one = *all.add_recipients();
    one.set_index(recipient.index());
    one.set_outcome(outcome);
    one.set_reply("the words of another server");
    if (outcome == ipc::DELIVERED)
      ledger_.note(Fact::Kind::relayed, static_cast<std::size_t>(letter - letters.begin()),
                   recipient.address());
  }
  return all;
}

template <typename Question>
auto World::ask(Question question) {
  std::optional<std::invoke_result_t<Question, queued::Store&>> answer;
  const auto pending =
      store_.ask(std::move(question), [&](auto given) { answer = std::move(given); });
  run_until([&] { return answer.has_value(); });
  return std::move(*answer);
}

Result<queued::Changed> World::carry_out(ipc::AdminRequest::Verb request,
                                         const ipc::Filter& filter) {
  const queued::Verb& verb = *queued::find_verb(request);
  const queued::Act act{
      .verb = verb, .selection = queued::Selection(filter, verb.of), .why = "for a while"};
  return ask(
      [act, now = clock_.now()](queued::Store& store) { return store.carry_out(act, {}, now); });
}

bool World::hold() {
  ipc::Filter all;
  all.set_all(true);
  return carry_out(ipc::AdminRequest::HOLD, all).has_value();
}

bool World::release() {
  ipc::Filter all;
  all.set_all(true);
  const auto released = carry_out(ipc::AdminRequest::RELEASE, all);
  if (released) queue_.look_again();
  return released.has_value();
}

bool World::erase(std::size_t letter) {
  ledger_.note(Fact::Kind::deleting, letter);
  const auto erased = carry_out(ipc::AdminRequest::ERASE, of(letter));
  if (erased && erased->messages > 0) ledger_.note(Fact::Kind::deleted, letter);
  return erased.has_value();
}

bool World::remove(std::size_t letter) {
  ledger_.note(Fact::Kind::deleting, letter);
  return carry_out(ipc::AdminRequest::DELETE, of(letter)).has_value();
}

bool World::bring_back(std::size_t letter) {
  const auto brought = carry_out(ipc::AdminRequest::UNDELETE, of(letter));
  if (brought) ledger_.note(Fact::Kind::wanted, letter);
  queue_.look_again();
  return brought.has_value();
}

void World::sweep() {
  static_cast<void>(
      ask([now = clock_.now()](queued::Store& store) { return store.sweep(now, now); }));
}

ipc::Filter World::of(std::size_t letter) const {
  ipc::Filter filter;
  filter.add_ids(ledger_.letters()[letter].id);
  return filter;
}

}  // namespace postrider::crash
