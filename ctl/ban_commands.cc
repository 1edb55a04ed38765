// ban_commands.cc - postrider bans: who gave wrong passwords, who is banned for it, and its end.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "common/config/units.h"
#include "common/limits/bans.h"
#include "common/net/address.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using limits::BanKind;
using limits::BanRow;
using nlohmann::json;

struct Named {
  BanKind kind;
  std::string name;
};

// An address stands for the name under which it is banned; what is none is an account.
Named named(const std::string& text) {
  const std::string_view ip = std::string_view(text).substr(0, text.find('/'));
  if (const auto address = net::IpAddress::parse(ip))
    return {BanKind::address, net::to_client_name(*address)};
  return {BanKind::account, to_lower(text)};
}

// Opens the bans of the configuration and runs `act` on them, which shows its own answer.
template <typename Act>
void with_bans(Context& context, Act act) {
  const auto settings = context.settings();
  if (!settings) return;
  auto bans = limits::Bans::open(settings->paths.run + "/bans");
  if (!bans) return context.refuse(bans.error());
  act(*bans, *settings);
}

json to_json(const BanRow& row) {
  return {{"kind", limits::name_of(row.kind)},
          {"name", row.name},
          {"failures", row.failures},
          {"last_failure", row.failures > 0 ? json(to_timestamp(row.last_failure)) : json()},
          {"banned_until", row.banned_until ? json(to_timestamp(*row.banned_until)) : json()}};
}

void list(Context& context) {
  with_bans(context, [&](limits::Bans& bans, const config::Settings& settings) {
    json document = json::array();
    std::vector<std::vector<std::string>> rows;
    for (const BanRow& row : bans.list(settings.bans.memory, SystemClock().now())) {
      document.push_back(to_json(row));
      rows.push_back({std::string(limits::name_of(row.kind)), row.name,
                      fmt::format("{:.1f} failures", row.failures),
                      row.banned_until ? "banned until " + to_timestamp(*row.banned_until) : ""});
    }
    context.answer(document, rows.empty() ? "nobody\n" : table(rows));
  });
}

void add(Context& context, const std::string& text, const std::string& duration) {
  const auto time = config::parse_duration(duration);
  if (!time)
    return context.refuse(ExitStatus::usage,
                          fmt::format("'{}' is not a duration, as in 12h", duration));
  with_bans(context, [&](limits::Bans& bans, const config::Settings&) {
    const auto [kind, name] = named(text);
    const WallTime now = SystemClock().now();
    const WallTime until = now + *time;
    bans.ban(kind, name, until, now);
    context.answer(
        {{"kind", limits::name_of(kind)}, {"name", name}, {"banned_until", to_timestamp(until)}},
        fmt::format("{} {} is banned until {}\n", limits::name_of(kind), name,
                    to_timestamp(until)));
  });
}

void lift(Context& context, const std::string& text) {
  with_bans(context, [&](limits::Bans& bans, const config::Settings&) {
    const auto [kind, name] = named(text);
    if (!bans.lift(kind, name))
      return context.refuse(
          ExitStatus::refused,
          fmt::format("nothing is known of {} {}: `postrider bans list` shows all",
                      limits::name_of(kind), name));
    context.answer({{"kind", limits::name_of(kind)}, {"name", name}, {"lifted", true}},
                   fmt::format("{} {} is free\n", limits::name_of(kind), name));
  });
}

}  // namespace

void add_ban_commands(CLI::App& app, Context& context) {
  CLI::App* bans = app.add_subcommand("bans", "Who is banned for wrong passwords");
  bans->require_subcommand(1);
  bans->add_subcommand("list", "Bans and failures")->callback([&context] { list(context); });

  const auto name = std::make_shared<std::string>();
  const auto duration = std::make_shared<std::string>("1d");
  CLI::App* added = bans->add_subcommand("add", "Ban an address or an account");
  added->add_option("name", *name, "An IP address, or the address of a user")->required();
  added->add_option("--for", *duration, "How long")->capture_default_str();
  added->callback([&context, name, duration] { add(context, *name, *duration); });

  CLI::App* lifted = bans->add_subcommand("lift", "End a ban and forget the failures");
  lifted->add_option("name", *name)->required();
  lifted->callback([&context, name] { lift(context, *name); });
}

}  // namespace postrider::ctl
