#include "common/routing/router.h"

#include <deque>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/config/next_hops.h"
#include "common/smtp/address.h"

namespace postrider::routing {

namespace {

std::string domain_of(const std::string& address) {
  const std::size_t at = address.rfind('@');
  return at == std::string::npos ? std::string() : to_lower(address.substr(at + 1));
}

// The directory knows local parts without quotes.
std::string name_in_directory(const std::string& address) {
  const auto mailbox = smtp::parse_mailbox(address, smtp::Charset::utf8);
  return mailbox ? mailbox->unquoted() : address;
}

// Where this route takes it, whatever its match.
Target target_by(const config::Settings& settings, const config::Route& route,
                 const std::string& address) {
  Target target{.address = address};
  if (route.via.front() == "discard:") {
    target.fate = Target::Fate::discard;
  } else if (route.holds()) {
    target.fate = Target::Fate::hold;
    target.reason = fmt::format("held by the route for {}", route.match);
  } else {
    target.fate = Target::Fate::deliver;
    target.store = config::leads_to_store(route);
    for (const std::string& via : route.via) {
      if (!target.next_hop.empty()) target.next_hop += ',';
      target.next_hop +=
          via == "mx" ? "mx:" + domain_of(address) : config::next_hop_by(via, settings.relay.port);
    }
  }
  return target;
}

}  // namespace

Target choose_next_hop(const config::Settings& settings, const std::string& address,
                       config::Whose whose, const config::RoutedMail& mail) {
  const std::string domain = domain_of(address);
  if (const config::Route* const route = config::find_route(settings.routes, domain, whose, mail))
    return target_by(settings, *route, address);
  Target target{.address = address, .fate = Target::Fate::deliver};
  if (whose == config::Whose::ours) {
    target.next_hop = "local";
  } else if (!settings.relay.smarthost.empty()) {
    target.next_hop = config::smarthost_next_hop(settings.relay);
  } else {
    target.next_hop = "mx:" + domain;
  }
  return target;
}

// Asks the directory for one address after another until none is left to be asked.
class Router::Expansion final : public Pending {
 public:
  Expansion(Router& router, const std::string& address, const config::RoutedMail& mail,
            UniqueFunction<void(RouteAnswer)> done)
      : router_(router), mail_(mail), done_(std::move(done)) {
    seen_.insert(to_lower(address));
    waiting_.push_back({address, 0});
    ask();
  }

 private:
  struct Question {
    std::string address;
    unsigned depth;
  };

  void ask() {
    if (waiting_.empty()) return finish();
    question_ = router_.directory_.find_recipient(
        name_in_directory(waiting_.front().address),
        [this](Result<directory::RecipientAnswer> answer) { on_answer(std::move(answer)); });
  }

  void on_answer(Result<directory::RecipientAnswer> answer) {
    using Kind = directory::RecipientAnswer::Kind;
    const Question asked = std::move(waiting_.front());
    waiting_.pop_front();
    if (!answer) {
      settle({.address = asked.address,
              .fate = Target::Fate::defer,
              .status = "4.3.0",
              .reason = "the directory cannot answer: " + answer.error().text},
             "directory");
    } else if (answer->kind == Kind::alias) {
      expand(asked, answer->targets);
    } else if (answer->kind == Kind::unknown_user) {
      on_unknown(asked, {"5.1.1", "no such user", answer->reason});
    } else if (answer->kind == Kind::disabled) {
      on_unknown(asked, {"5.2.1", "the mailbox is disabled", {}});
    } else {
      const bool ours = answer->kind == Kind::mailbox;
      Target target =
          ours ? way_of(asked, *answer)
               : choose_next_hop(router_.settings_, asked.address, config::Whose::others, mail_);
      target.foreign = !ours;
      settle(std::move(target), ours ? "mailbox" : "next hop");
    }
    ask();
  }

  // A route takes mail as it was addressed: what a tag or upper case means, the other host knows.
  Target way_of(const Question& asked, const directory::RecipientAnswer& known) const {
    Target target = choose_next_hop(router_.settings_, asked.address, config::Whose::ours, mail_);
    if (target.next_hop == "local")
      target = choose_next_hop(router_.settings_, known.mailbox, config::Whose::ours, mail_);
    target.quota = known.quota;
    return target;
  }

  // A route may take a whole domain elsewhere, whoever lives in it here, but not to a mail store.
  struct NoMailbox {
    std::string_view status;  // RFC 3463 section 3
    std::string_view reason;
    std::string why;  // a better one
  };
  void on_unknown(const Question& asked, const NoMailbox& none) {
    Target target = choose_next_hop(router_.settings_, asked.address, config::Whose::ours, mail_);
    if (target.next_hop == "local" || target.store || !none.why.empty()) {
      target.fate = Target::Fate::refuse;
      target.status = none.status;
      target.reason =
          fmt::format("{}: {}", none.why.empty() ? none.reason : none.why, asked.address);
    }
    settle(std::move(target), "directory");
  }

  void expand(const Question& asked, const std::vector<std::string>& targets) {
    for (const std::string& target : targets) {
      answer_.steps.push_back({"alias", asked.address, target});
      // An address that stands in its own expansion has had its turn: a loop ends here.
      if (!seen_.insert(to_lower(target)).second) {
        answer_.steps.push_back(
            {std::string(kRepeated), target,
             fmt::format("it has had its turn: {} adds nothing by it", asked.address)});
        continue;
      }
      if (asked.depth + 1 > kMaxDepth || seen_.size() > kMaxTargets) {
        settle(
            {.address = target,
             .fate = Target::Fate::refuse,
             .status = "5.4.6",
             .reason = fmt::format("the alias {} leads too far: at most {} steps and {} addresses",
                                   asked.address, kMaxDepth, kMaxTargets)},
            "alias limit");
        continue;
      }
      waiting_.push_back({target, asked.depth + 1});
    }
  }

  void settle(Target target, std::string rule) {
    const bool deliver = target.fate == Target::Fate::deliver;
    answer_.steps.push_back(
        {std::move(rule), target.address, deliver ? target.next_hop : target.reason});
    answer_.targets.push_back(std::move(target));
  }

  // `done_` may destroy this object.
  void finish() {
    if (answer_.targets.empty())
      answer_.targets.push_back({.address = answer_.steps.front().input,
                                 .fate = Target::Fate::refuse,
                                 .status = "5.4.6",
                                 .reason = "the alias leads only to itself"});
    auto done = std::move(done_);
    done(std::move(answer_));
  }

  Router& router_;
  const config::RoutedMail mail_;
  UniqueFunction<void(RouteAnswer)> done_;
  std::deque<Question> waiting_;
  std::set<std::string> seen_;
  PendingPtr question_;
  RouteAnswer answer_;
};

PendingPtr Router::route(const std::string& address, const config::RoutedMail& mail,
                         UniqueFunction<void(RouteAnswer)> done) {
  return std::make_unique<Expansion>(*this, address, mail, std::move(done));
}

PendingPtr Router::route_by(const std::string& via, const std::string& address,
                            UniqueFunction<void(RouteAnswer)> done) {
  Target target = target_by(settings_, {.via = {via}}, address);
  return directory_.find_recipient(
      name_in_directory(address), [target = std::move(target), done = std::move(done)](
                                      const Result<directory::RecipientAnswer>& answer) mutable {
        // Where the directory is away, an operator is followed all the same.
        target.foreign = !answer || answer->kind == directory::RecipientAnswer::Kind::foreign;
        RouteAnswer routed;
        routed.steps.push_back({"operator", target.address, target.next_hop});
        routed.targets.push_back(std::move(target));
        done(std::move(routed));
      });
}

}  // namespace postrider::routing
