// ban_commands.cc - postrider bans: who gave wrong passwords, who is banned for it, and its end.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "common/config/units.h"
#include "common/limits/bans.h"
#include "common/net/address.h"
#include "ctl/ban_name.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using limits::BanRow;
using nlohmann::json;

// Runs `act` on the bans of the configuration, or `nothing_there` where no daemon has made them
// yet. The command makes none, as they would belong to whoever runs it.
template <typename Act, typename Nothing>
void with_bans(Context& context, Act act, Nothing nothing_there) {
  const auto settings = context.settings();
  if (!settings) return;
  auto bans = limits::Bans::open_existing(settings->paths.run + "/bans");
  if (bans) return act(*bans, *settings);
  if (bans.error().kind == ErrorKind::not_found) return nothing_there();
  context.refuse(bans.error());
}

json as_json(const BanRow& row) {
  return {{"kind", limits::name_of(row.kind)},
          {"name", row.name},
          {"failures", row.failures},
          {"last_failure", row.failures > 0 ? json(to_timestamp(row.last_failure)) : json()},
          {"banned_until", row.banned_until ? json(to_timestamp(*row.banned_until)) : json()}};
}

// Of a name in the text form, in octets.
constexpr std::size_t kMaxNameShown = 64;

// Strangers' guesses are kept as they gave them, and may be long.
std::string shortened(const std::string& name) {
  return name.size() <= kMaxNameShown ? name : name.substr(0, kMaxNameShown) + "...";
}

void show_bans(Context& context, const std::vector<BanRow>& found) {
  json document = json::array();
  std::vector<std::vector<std::string>> rows;
  for (const BanRow& row : found) {
    document.push_back(as_json(row));
    rows.push_back({std::string(limits::name_of(row.kind)), shortened(row.name),
                    fmt::format("{:.1f} failures", row.failures),
                    row.banned_until ? "banned until " + to_timestamp(*row.banned_until) : ""});
  }
  context.answer(document, rows.empty() ? "nobody\n" : table(rows));
}

void list_bans(Context& context) {
  with_bans(
      context,
      [&](const limits::Bans& bans, const config::Settings& settings) {
        const auto rows = bans.list(settings.bans.memory, SystemClock().now());
        if (!rows) return context.refuse(rows.error());
        show_bans(context, *rows);
      },
      [&] { show_bans(context, {}); });
}

// Why a ban of it would not be heeded; empty: it would.
std::string futility_of(const std::string& text, const config::Settings& settings) {
  const auto address = net::IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
  if (!address) return {};
  if (address->is_unspecified()) return fmt::format("{} is nobody's address", text);
  if (!net::contains(net::parse_networks(settings.bans.exempt_networks), *address)) return {};
  return fmt::format(
      "{} is in bans.exempt_networks: no ban of it would hold; take it out there first", text);
}

void add(Context& context, const std::string& text, const std::string& duration) {
  const auto named = parse_ban_name(text);
  if (!named) return context.refuse(ExitStatus::usage, named.error().text);
  const auto time = config::parse_duration(duration);
  if (!time || time->count() == 0)
    return context.refuse(ExitStatus::usage,
                          fmt::format("'{}' is not a time to ban for, as 12h is", duration));
  with_bans(
      context,
      [&](limits::Bans& bans, const config::Settings& settings) {
        const limits::BanKind kind = named->kind;
        const std::string name = as_counted(*named, settings);
        if (const auto why = futility_of(text, settings); !why.empty())
          return context.refuse(ExitStatus::refused, why);
        const WallTime now = SystemClock().now();
        const WallTime until = now + *time;
        if (const auto banned = bans.ban(kind, name, until, now); !banned)
          return context.refuse(banned.error());
        const bool known = is_known(*named, settings);
        context.answer({{"kind", limits::name_of(kind)},
                        {"name", name},
                        {"is_known", known},
                        {"banned_until", to_timestamp(until)}},
                       fmt::format("{} {} is banned until {}\n{}", limits::name_of(kind), name,
                                   to_timestamp(until),
                                   known ? "" : "There is no such user; the ban is kept.\n"));
      },
      [&] {
        context.refuse(ExitStatus::unreachable,
                       "no daemon has run yet that could heed a ban: start Postrider first");
      });
}

void lift(Context& context, const std::string& text) {
  // Failures are also of accounts that are none.
  const BanName named = parse_ban_name(text).value_or(account_named(text));
  const auto unknown = [&] {
    context.refuse(ExitStatus::refused,
                   fmt::format("nothing is known of {} {}: `postrider bans list --json` shows all",
                               limits::name_of(named.kind), named.name));
  };
  with_bans(
      context,
      [&](limits::Bans& bans, const config::Settings& settings) {
        const limits::BanKind kind = named.kind;
        const std::string name = as_counted(named, settings);
        const auto lifted = bans.lift(kind, name);
        if (!lifted) return context.refuse(lifted.error());
        if (!*lifted) return unknown();
        context.answer({{"kind", limits::name_of(kind)}, {"name", name}, {"lifted", true}},
                       fmt::format("{} {} is free\n", limits::name_of(kind), name));
      },
      unknown);
}

}  // namespace

void add_ban_commands(Command app, Context& context) {
  const Command bans = app.add_subcommand("bans", "Who is banned for wrong passwords");
  bans.require_subcommand();
  bans.add_subcommand("list", "Bans and failures").callback([&context] { list_bans(context); });

  const auto name = std::make_shared<std::string>();
  const auto duration = std::make_shared<std::string>("1d");
  const Command added = bans.add_subcommand("add", "Ban an address or an account");
  added.add_option("name", *name, "An IP address, or the address of a user").required();
  added.add_option("--for", *duration, "How long").with_default();
  added.callback([&context, name, duration] { add(context, *name, *duration); });

  const Command lifted = bans.add_subcommand("lift", "End a ban and forget the failures");
  lifted.add_option("name", *name).required();
  lifted.callback([&context, name] { lift(context, *name); });
}

}  // namespace postrider::ctl
