#include "queued/verbs.h"

#include <utility>

#include <fmt/format.h>

namespace postrider::queued {

namespace {

// The one who asked, for as long as it waits.
class Asker final : public Pending {
 public:
  explicit Asker(std::shared_ptr<Verbs::OnProgress> on_progress)
      : on_progress_(std::move(on_progress)) {}

 private:
  std::shared_ptr<Verbs::OnProgress> on_progress_;  // the verb has it weakly
};

constexpr log::Condition::Words kNotKept{"audit_not_written", "audit_written_again",
                                         "what operators do stands in the log alone"};

bool makes_due(const Act& act) {
  return act.verb.wish == Wish::attempt || act.verb.wish == Wish::expire;
}

}  // namespace

Verbs::Verbs(Queue& queue, StoreThread& store, const config::Settings& settings, const Clock& clock,
             log::Logger& log)
    : queue_(queue),
      store_(store),
      settings_(settings),
      clock_(clock),
      log_(log),
      not_kept_(log, clock, kNotKept) {}

PendingPtr Verbs::carry_out(Act act, const Operator& by, std::string what, OnProgress on_progress) {
  auto asker = std::make_shared<OnProgress>(std::move(on_progress));
  ipc::Act record = record_of(act.verb.name, by, std::move(what), act.why);
  record.set_failure("it was not finished");
  begin(running_.insert(running_.end(), {.act = std::make_shared<const Act>(std::move(act)),
                                         .record = std::move(record),
                                         .ordinal = ++last_ordinal_,
                                         .asker = asker,
                                         .question = {}}));
  return std::make_unique<Asker>(std::move(asker));
}

ipc::Act Verbs::record_of(std::string_view verb, const Operator& by, std::string what,
                          const std::string& why) const {
  ipc::Act record;
  record.set_time_us(clock_.now().time_since_epoch().count());
  record.set_uid(by.uid);
  record.set_user(by.user);
  record.set_verb(std::string(verb));
  record.set_what(std::move(what));
  record.set_why(why);
  return record;
}

void Verbs::log(const ipc::Act& record) {
  log_.info("operator_act")
      .with("verb", record.verb())
      .with("messages", record.messages())
      .with("uid", record.uid())
      .with("user", record.user())
      .with("what", record.what())
      .with("why", record.why())
      .with("failure", record.failure());
}

// What is on its way to memory is met when it comes; what is on its way to the store, by the first
// portion, which is asked for later.
void Verbs::begin(Place place) {
  place->record.set_messages(queue_.begin_act(*place->act, place->ordinal));
  place->question =
      store_.ask([record = place->record](Store& store) { return store.begin_act(record); },
                 [this, place](const Result<std::int64_t>& number) {
                   note_kept(number ? nullptr : &number.error());
                   place->number = number.value_or(0);
                   go_on(place, {});
                 });
}

void Verbs::go_on(Place place, const std::string& after) {
  place->question = store_.ask([act = place->act, after, now = clock_.now()](
                                   Store& store) { return store.carry_out(*act, after, now); },
                               [this, place](const Result<Changed>& changed) {
                                 if (!changed) return end(place, &changed.error());
                                 ipc::Act& record = place->record;
                                 record.set_messages(record.messages() + changed->messages);
                                 for (const MessageData& data : changed->erased)
                                   queue_.log_deleted(data);
                                 if (changed->messages > 0 && makes_due(*place->act))
                                   queue_.look_again();
                                 if (changed->last_id.empty()) return end(place, nullptr);
                                 tell(*place, false);
                                 go_on(place, changed->last_id);
                               });
}

void Verbs::end(Place place, const Error* failure) {
  Running& ended = *place;
  ipc::Act& record = ended.record;
  record.set_messages(record.messages() + queue_.end_act(ended.ordinal));
  record.set_failure(failure == nullptr ? "" : failure->text);
  log(record);
  if (failure == nullptr) {
    tell(ended, true);
  } else if (const auto asker = ended.asker.lock()) {
    (*asker)(fail(failure->kind, record.messages() == 0
                                     ? failure->text
                                     : fmt::format("{} messages were done; then: {}",
                                                   record.messages(), failure->text)));
  }
  ended.question = store_.ask(
      [record, number = ended.number](Store& store) {
        return number == 0 ? Result<void>()
                           : store.end_act(number, record.messages(), record.failure());
      },
      [this, place](const Result<void>& kept) {
        note_kept(kept ? nullptr : &kept.error());
        running_.erase(place);
      });
}

void Verbs::note_kept(const Error* failure) {
  failure == nullptr ? not_kept_.passed() : not_kept_.holds(failure->text);
}

void Verbs::tell(Running& running, bool last) {
  const std::uint64_t fresh = running.record.messages() - running.told;
  running.told = running.record.messages();
  if (const auto asker = running.asker.lock()) (*asker)(Progress{.messages = fresh, .end = last});
}

PendingPtr Verbs::pause(const std::string& name, const Operator& by, std::string why,
                        OnProgress on_progress) {
  const Pause pause{.destination = destination_named(name, settings_.relay.port).value_or(""),
                    .since = clock_.now(),
                    .user = by.user,
                    .why = std::move(why)};
  return change_destination(
      record_of("pause", by, name, pause.why),
      [pause](Store& store, const ipc::Act& record) -> Result<void> {
        if (pause.destination.empty())
          return fail(ErrorKind::invalid,
                      fmt::format("{} is neither a domain nor a next hop as the summary shows it",
                                  record.what()));
        const auto pauses = store.pauses();
        if (pauses && pauses->size() >= Scheduler::kMaxPaused)
          return fail(
              ErrorKind::invalid,
              fmt::format("{} destinations are paused, and no more can be", Scheduler::kMaxPaused));
        return store.pause(pause, record);
      },
      [this, pause] { queue_.pause(pause); }, std::move(on_progress));
}

PendingPtr Verbs::resume(const std::string& name, const Operator& by, std::string why,
                         OnProgress on_progress) {
  const std::string destination = destination_named(name, settings_.relay.port).value_or("");
  return change_destination(
      record_of("resume", by, name, why),
      [destination, paused = queue_.pauses().contains(destination)](
          Store& store, const ipc::Act& record) -> Result<void> {
        if (!paused) return fail(ErrorKind::not_found, record.what() + " is not paused");
        return store.resume(destination, record);
      },
      [this, destination] { queue_.resume(destination); }, std::move(on_progress));
}

PendingPtr Verbs::change_destination(ipc::Act record,
                                     std::function<Result<void>(Store&, const ipc::Act&)> change,
                                     std::function<void()> conclude, OnProgress on_progress) {
  auto asker = std::make_shared<OnProgress>(std::move(on_progress));
  const auto place = changes_.insert(changes_.end(), PendingPtr());
  *place = store_.ask(
      [record, change = std::move(change)](Store& store) { return change(store, record); },
      [this, place, record, conclude = std::move(conclude),
       asker = std::weak_ptr<OnProgress>(asker)](const Result<void>& changed) {
        const PendingPtr ended = std::move(*place);
        changes_.erase(place);
        if (changed) {
          conclude();
          log(record);
        }
        const auto told = asker.lock();
        if (!told) return;
        changed ? (*told)(Progress{.messages = 0, .end = true}) : (*told)(pass_on(changed.error()));
      });
  return std::make_unique<Asker>(std::move(asker));
}

}  // namespace postrider::queued
