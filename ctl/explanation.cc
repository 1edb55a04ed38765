#include "ctl/explanation.h"

#include <utility>

#include <fmt/format.h>

#include "common/auth/attempts.h"
#include "common/auth/ban_words.h"
#include "common/base/ascii.h"
#include "common/base/clock.h"
#include "common/checks/inquiry.h"
#include "common/config/parameters.h"
#include "common/config/units.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/directory/sqlite_directory.h"
#include "common/limits/bans.h"
#include "common/net/cares_resolver.h"
#include "common/quota/open_rooms.h"
#include "common/routing/return_paths.h"
#include "ctl/ban_name.h"
#include "ctl/mailbox_rooms.h"

namespace postrider::ctl {

namespace {

using checks::Check;
using config::CheckAction;

std::string_view word(CheckAction action) {
  return config::choice_word(config::kCheckActions, static_cast<unsigned>(action));
}

// What a daemon has around its decisions.
struct World {
  explicit World(const config::Settings& s)
      : settings(s),
        directory(loop, clock, settings.paths.data + '/' + std::string(directory::kDatabaseName),
                  settings.hostname),
        resolver(loop, {settings.dns.servers, settings.dns.timeout,
                        static_cast<unsigned>(settings.dns.tries)}),
        return_paths(loop, directory, settings, clock),
        rooms(quota::Rooms::open_existing(quota::rooms_path(settings.paths.run))),
        policy({loop, return_paths, directory, resolver, settings, log, clock,
                rooms ? &*rooms : nullptr}) {}

  std::vector<routing::RouteStep> route(const std::string& address,
                                        const config::RoutedMail& mail) {
    std::vector<routing::RouteStep> steps;
    routing::Router router(settings, return_paths);
    const auto question = router.route(address, mail, [&](routing::RouteAnswer answer) {
      steps = std::move(answer.steps);
      for (const routing::Target& target : answer.targets) tell_quota(target, steps);
      loop.stop();
    });
    loop.run();
    return steps;
  }

  void tell_quota(const routing::Target& target, std::vector<routing::RouteStep>& steps) const {
    const quota::Amount limit{target.quota.octets, target.quota.messages};
    if (!quota::limits_something(limit) || target.next_hop != "local") return;
    std::string text;
    if (limit.octets > 0) text = config::format_size(limit.octets);
    if (limit.messages > 0)
      text += fmt::format("{}{} messages", text.empty() ? "" : " and ", limit.messages);
    const std::string used = described(MailboxRooms(settings).find(target.address), limit);
    steps.push_back(
        {"quota", target.address,
         fmt::format("{}; used: {}", text, used.empty() ? "not counted lately" : used)});
  }

  const config::Settings& settings;
  SystemClock clock;
  event::EventLoop loop;
  log::Logger log{"postrider", log::Level::error, log::Format::logfmt, clock,
                  [](std::string_view) {}};  // the explanation tells it
  directory::SqliteDirectory directory;
  net::CaresResolver resolver;
  routing::ReturnPaths return_paths;
  Result<quota::Rooms> rooms;  // what is promised in it, the inquiry gives back when it ends
  checks::Policy policy;
};

checks::Client client_of(const checks::Policy& policy, const Envelope& envelope) {
  using checks::Service;
  const bool logged_in = !envelope.account().empty();
  checks::Client client = policy.meet(envelope.address, logged_in ? Service::own : Service::open);
  client.may_relay = client.may_relay || logged_in;
  client.user = envelope.account();
  return client;
}

CheckStep judged(const Check& check, const checks::Facts& facts) {
  const CheckAction configured = configured_action(check, facts.settings);
  CheckStep step{name_of(check.stage), check.name, word(configured), "pass", ""};
  if (action_for(check, facts.client, facts.settings) == CheckAction::off) {
    step.verdict = "off";
    if (configured != CheckAction::off)
      step.reason = check.whom == Check::Whom::users ? "asked of users who have logged in"
                                                     : "asked of strangers alone";
  } else if (check.stage > checks::Stage::rcpt) {
    step.verdict = "-";
    step.reason = "the message decides";
  } else if (const auto verdict = judge(check, facts)) {
    const bool of_recipient = check.stage == checks::Stage::rcpt;
    step.verdict =
        word(of_recipient ? verdict->action : checks::action_for(facts, verdict->action));
    step.reason = verdict->reason();
  }
  return step;
}

struct BanStep {
  CheckStep step;
  std::optional<smtp::Reply> reply;  // to who is banned
};

// What is asked of a client that connects and of a user who logs in, before all checks.
BanStep judge_bans(World& world, const Envelope& envelope) {
  BanStep found{{"connect", "banned", "refuse", "pass", ""}, std::nullopt};
  auto bans = limits::Bans::open_existing(world.settings.paths.run + "/bans");
  if (!bans && bans.error().kind == ErrorKind::not_found) return found;  // no daemon has run yet
  if (!bans) {
    found.step.verdict = "-";
    found.step.reason = bans.error().text;
    return found;
  }
  const auto refuse = [&](std::string who, smtp::Reply reply) {
    found.step.verdict = "refuse";
    found.step.reason = std::move(who) + " is banned";
    found.reply = std::move(reply);
    return found;
  };
  metrics::Counters counters;
  auth::Attempts attempts(
      *bans, world.settings.bans, world.clock, world.log, counters,
      [&](std::string_view user) { return as_counted(account_named(user), world.settings); });
  if (attempts.is_banned(envelope.address))
    return refuse(envelope.address.str(), {421, "4.7.0", std::string(auth::kAddressIsBanned)});
  if (!envelope.account().empty() && attempts.is_banned(envelope.address, envelope.account()))
    return refuse(envelope.account(), {454, "4.7.0", std::string(auth::kAccountIsBanned)});
  return found;
}

CheckStep login_step(std::string_view verdict, std::string reason) {
  return {"connect", "login", "refuse", verdict, std::move(reason)};
}

// What is asked of a user who gives a password that is right.
CheckStep judge_login(const Login& login, WallTime now) {
  const auto& [user, app_passwords] = login;
  const auto over = [&](std::int64_t end) {
    return end != 0 && WallTime(std::chrono::seconds(end)) <= now;
  };
  if (user.settings.disabled) return login_step("refuse", "the user is disabled");
  if (user.domain_disabled) return login_step("refuse", "the domain is disabled");
  if (over(user.settings.expires)) return login_step("refuse", "the user has expired");
  if (user.has_password && user.settings.scope.smtp) return login_step("pass", "");
  const bool by_app = std::any_of(
      app_passwords.begin(), app_passwords.end(),
      [&](const directory::AppPassword& one) { return one.scope.smtp && !over(one.expires); });
  return by_app ? login_step("pass", "by an app password alone")
                : login_step("refuse", "the user has no password for smtp");
}

}  // namespace

Explanation explain(const config::Settings& settings, const Envelope& envelope) {
  World world(settings);
  Explanation explanation{
      client_of(world.policy, envelope), {}, {250, "2.1.5", "recipient ok"}, {}};
  checks::Inquiry inquiry(world.policy, explanation.client);
  inquiry.connect(false);
  inquiry.begin(envelope.helo, envelope.sender);
  inquiry.judge_recipient(envelope.recipient, [&](const checks::Verdicts& verdicts) {
    if (const checks::Verdict* const against = decisive(verdicts))
      explanation.reply = against->reply;
    world.loop.stop();
  });
  world.loop.run();
  auto [step, banned] = judge_bans(world, envelope);
  if (banned) explanation.reply = *banned;
  explanation.checks.push_back(std::move(step));
  if (envelope.login) {
    CheckStep login = judge_login(*envelope.login, world.clock.now());
    if (login.verdict == "refuse" && !banned)
      explanation.reply = {535, "5.7.8", "authentication credentials invalid"};
    explanation.checks.push_back(std::move(login));
  }
  for (const Check* const check : world.policy.order())
    explanation.checks.push_back(judged(*check, inquiry.facts()));
  if (explanation.reply.positive())
    explanation.route =
        world.route(envelope.recipient.str(), {envelope.sender.str(), envelope.account()});
  return explanation;
}

Result<Login> find_login(const config::Settings& settings, const std::string& name) {
  auto directory = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!directory) return pass_on(std::move(directory.error()));
  auto user = directory->user(as_counted(account_named(name), settings));
  if (!user) return pass_on(std::move(user.error()));
  auto app_passwords = directory->app_passwords(user->address);
  if (!app_passwords) return pass_on(std::move(app_passwords.error()));
  return Login{std::move(*user), std::move(*app_passwords)};
}

std::optional<std::string> find_mailbox(const config::Settings& settings,
                                        const smtp::Mailbox& address) {
  World world(settings);
  std::optional<std::string> mailbox;
  const auto question = world.policy.find(address, [&](const checks::Policy::Answer& answer) {
    if (answer && answer->kind == directory::RecipientAnswer::Kind::mailbox)
      mailbox = answer->mailbox;
    world.loop.stop();
  });
  world.loop.run();
  return mailbox;
}

std::vector<routing::RouteStep> explain_route(const config::Settings& settings,
                                              const smtp::Mailbox& address) {
  return World(settings).route(address.str(), {});
}

}  // namespace postrider::ctl
