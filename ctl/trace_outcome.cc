#include "ctl/trace_outcome.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "common/trace/belonging.h"
#include "ctl/queue_reason.h"

namespace postrider::ctl {

namespace {

using trace::Event;

// One event after another; what came later is worth more.
class Telling {
 public:
  explicit Telling(std::string id) : id_(std::move(id)) {}

  void tell(const Event& event) {
    for (const Rule& rule : kRules)
      if (rule.event == event.name && event.process.starts_with(rule.process))
        return (this->*rule.apply)(event);
  }

  TraceOutcome end() {
    if (told_.state == "active") conclude();
    return std::move(told_);
  }

 private:
  struct Rule {
    std::string_view process;
    std::string_view event;
    void (Telling::*apply)(const Event&);
  };

  static std::string of(const Event& event, std::string_view key) {
    return std::string(trace::value_of(event.values, key));
  }

  void accepted(const Event& event) {
    told_.state = "active";
    told_.from = of(event, "from");
    told_.size = of(event, "size");
    recipient(event);
  }
  void recipient(const Event& event) {
    if (const std::string to = of(event, "to"); !to.empty()) told_.recipients[to];
  }
  void report(const Event& event) {
    if (of(event, "id") != id_) return;
    told_.state = "active";
    recipient(event);
  }
  void expanded(const Event& event) {
    told_.recipients.erase(of(event, "original"));
    recipient(event);
  }
  void told_recipient(const Event& event, std::string state) {
    const std::string to = of(event, "to");
    if (of(event, "original") != to) told_.recipients.erase(of(event, "original"));
    told_.recipients[to] = {std::move(state), of(event, "status"), of(event, "reply"),
                            of(event, "remote")};
    if (told_.from.empty()) told_.from = of(event, "from");
    if (told_.state == "session") told_.state = "active";
  }
  void fate(const Event& event) { told_recipient(event, event.name); }
  void deferred(const Event& event) {
    told_recipient(event, "deferred");
    held_ = false;
  }
  void waits(const Event& event) {
    told_.until = of(event, "until");
    waits_ = true;
    held_ = false;
    if (!of(event, "reply").empty()) told_recipient(event, "deferred");
  }
  void held(const Event& event) {
    held_ = true;
    told_.said = of(event, "reason");
  }
  void refused(const Event& event) {
    if (told_.state == "active") return;
    told_.state = event.name == "message_abandoned" ? "abandoned" : "refused";
    told_.from = of(event, "from");
    told_.said = event.name == "authentication_failed" ? of(event, "reason") : of(event, "reply");
    if (const std::string to = of(event, "to"); !to.empty())
      told_.recipients[to] = {"refused", "", of(event, "reply"), ""};
  }

  void conclude() {
    std::set<std::string> states;
    const TracedRecipient* waiting = nullptr;
    const TracedRecipient* failed = nullptr;
    for (const auto& [address, recipient] : told_.recipients) {
      states.insert(recipient.state);
      const bool open = recipient.state == "waiting" || recipient.state == "deferred";
      if (open && (waiting == nullptr || waiting->reply.empty())) waiting = &recipient;
      if (!open && recipient.state != "delivered") failed = &recipient;
    }
    if (waiting != nullptr) return wait_for(*waiting);
    if (states.empty()) return;
    told_.until.clear();
    told_.state = states.size() == 1 ? *states.begin() : "ended";
    if (failed != nullptr) explain(*failed);
  }

  void wait_for(const TracedRecipient& recipient) {
    if (held_) {
      told_.state = told_.name = "held";
      told_.why = "Held until it is released.";
      return;
    }
    if (!waits_ && recipient.reply.empty()) return;
    told_.state = "waiting";
    explain(recipient);
  }

  void explain(const TracedRecipient& recipient) {
    const QueueReason reason = reason_of(recipient.status, recipient.reply);
    told_.name = reason.name;
    told_.why = reason.means;
    told_.said =
        recipient.remote.empty() ? recipient.reply : recipient.remote + " said: " + recipient.reply;
  }

  static const std::array<Rule, 15> kRules;

  const std::string id_;
  TraceOutcome told_;
  bool held_ = false;
  bool waits_ = false;
};

const std::array<Telling::Rule, 15> Telling::kRules{{
    {"smtpd", "accepted", &Telling::accepted},
    {"smtpd", "recipient", &Telling::recipient},
    {"smtpd", "recipient_refused", &Telling::refused},
    {"smtpd", "message_refused", &Telling::refused},
    {"smtpd", "message_abandoned", &Telling::refused},
    {"smtpd", "authentication_failed", &Telling::refused},
    {"queued", "report", &Telling::report},
    {"queued", "expanded", &Telling::expanded},
    {"queued", "delivered", &Telling::fate},
    {"queued", "bounced", &Telling::fate},
    {"queued", "expired", &Telling::fate},
    {"queued", "deleted", &Telling::fate},
    {"queued", "deferred", &Telling::deferred},
    {"queued", "waits", &Telling::waits},
    {"queued", "held", &Telling::held},
}};

}  // namespace

TraceOutcome outcome_of(const trace::Life& life) {
  Telling telling(life.id);
  for (const Event& event : life.events) telling.tell(event);
  TraceOutcome outcome = telling.end();
  outcome.began = life.events.front().time;
  outcome.last = life.events.back().time;
  return outcome;
}

}  // namespace postrider::ctl
