// mailbox_check_command.cc - postrider mailbox check and repair: what is wrong with mailboxes.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/boot_id.h"
#include "common/base/clock.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/held_mailbox.h"
#include "common/maildir/inspection.h"
#include "common/maildir/mailboxes.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_name.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using maildir::Fault;
using maildir::Inspected;
using maildir::Inspecting;
using nlohmann::json;

json as_json(const std::string& mailbox, const Inspected& inspected) {
  json faults = json::array();
  for (const Fault& fault : inspected.told)
    faults.push_back({{"path", fault.path},
                      {"what", fault.what},
                      {"mending", fault.mending},
                      {"by_repair", fault.by_repair},
                      {"mended", fault.mended}});
  return {{"mailbox", mailbox},
          {"messages", inspected.messages},
          {"faults", inspected.faults},
          {"mended", inspected.mended},
          {"told", faults}};
}

std::string as_text(const std::string& mailbox, const Inspected& inspected, Inspecting what) {
  std::string text;
  for (const Fault& fault : inspected.told) {
    const std::string_view lead = !fault.by_repair             ? "to mend it: "
                                  : fault.mended               ? "mended: "
                                  : what == Inspecting::repair ? "not mended: "
                                                               : "a repair ";
    text += fmt::format("{}: {} {}; {}{}\n", printable(mailbox), printable(fault.path),
                        printable(fault.what), lead, printable(fault.mending));
  }
  if (inspected.faults > inspected.told.size())
    text += fmt::format("{}: and {} more\n", printable(mailbox),
                        inspected.faults - inspected.told.size());
  text += fmt::format("{}: {} messages, {} faults", printable(mailbox), inspected.messages,
                      inspected.faults);
  if (what == Inspecting::repair) text += fmt::format(", {} mended", inspected.mended);
  return text + "\n";
}

// Nothing after an error of its own was shown.
std::optional<std::vector<std::string>> chosen(Context& context, const config::Settings& settings,
                                               const std::string& address) {
  if (!address.empty()) {
    auto mailbox = mailbox_named(context, settings, address);
    if (!mailbox) return std::nullopt;
    return std::vector<std::string>{std::move(*mailbox)};
  }
  auto all = maildir::Mailboxes::open(settings.paths.mail);
  if (!all) {
    context.refuse(all.error());
    return std::nullopt;
  }
  std::vector<std::string> names;
  while (auto found = all->next()) names.push_back(std::move(found->name));
  std::sort(names.begin(), names.end());
  return names;
}

// What cannot be looked at leaves the rest to be looked at.
void run(Context& context, Inspecting what, const std::string& address) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto mailboxes = chosen(context, *settings, address);
  if (!mailboxes) return;
  json document = json::array();
  std::string text;
  bool wrong = false;
  for (const std::string& mailbox : *mailboxes) {
    const auto held = what == Inspecting::repair
                          ? maildir::hold_mailbox(settings->paths.mail, mailbox)
                          : maildir::look_at_mailbox(settings->paths.mail, mailbox);
    if (!held) {
      context.refuse(held.error());
      continue;
    }
    const auto inspected = maildir::inspect(*held, what, SystemClock().now(), boot_id());
    if (!inspected) {
      context.refuse(inspected.error());
      continue;
    }
    wrong = wrong || inspected->mended < inspected->faults;
    document.push_back(as_json(mailbox, *inspected));
    text += as_text(mailbox, *inspected, what);
  }
  if (wrong && context.status == ExitStatus::done) context.status = ExitStatus::refused;
  context.answer({{"mailboxes", document}}, text);
}

}  // namespace

void add_mailbox_check_commands(Command mailbox, Context& context) {
  const auto address = std::make_shared<std::string>();
  const Command check = mailbox.add_subcommand("check", "Everything that is wrong with mailboxes");
  check.add_option("address", *address, "NAME@DOMAIN; else all mailboxes");
  check.callback([&context, address] { run(context, Inspecting::check, *address); });
  const Command repair =
      mailbox.add_subcommand("repair", "Mend what can be mended without losing mail");
  repair.add_option("address", *address, "NAME@DOMAIN; else all mailboxes");
  repair.callback([&context, address] { run(context, Inspecting::repair, *address); });
}

}  // namespace postrider::ctl
