// explain_command.cc - postrider explain: what would happen to mail for an address, or from one to
// another.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/smtp/command.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/explanation.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

struct ExplainOptions {
  std::string address;  // its way alone
  std::string from, to, ip = "127.0.0.1", helo, auth;
};

json as_json(const std::vector<routing::RouteStep>& route) {
  json steps = json::array();
  for (const routing::RouteStep& step : route)
    steps.push_back({{"rule", step.rule}, {"input", step.input}, {"output", step.output}});
  return steps;
}

std::string as_text(const std::vector<routing::RouteStep>& route) {
  Rows rows;
  for (const routing::RouteStep& step : route)
    rows.push_back({step.rule, step.input, "-> " + step.output});
  return table(rows);
}

json as_json(const Explanation& explanation) {
  json checks = json::array();
  for (const CheckStep& step : explanation.checks)
    checks.push_back({{"stage", step.stage},
                      {"check", step.check},
                      {"action", step.action},
                      {"verdict", step.verdict},
                      {"reason", step.reason}});
  return {{"client",
           {{"address", explanation.client.address.str()},
            {"may_relay", explanation.client.may_relay},
            {"stranger", explanation.client.stranger()}}},
          {"checks", checks},
          {"accepted", explanation.reply.positive()},
          {"reply", to_line(explanation.reply)},
          {"steps", as_json(explanation.route)}};
}

std::string as_text(const Explanation& explanation) {
  Rows rows{{"STAGE", "CHECK", "ACTION", "VERDICT", "REASON"}};
  for (const CheckStep& step : explanation.checks)
    rows.push_back({std::string(step.stage), std::string(step.check), std::string(step.action),
                    std::string(step.verdict), step.reason});
  const checks::Client& client = explanation.client;
  return fmt::format("client {}, {}\n{}{}\n{}", client.address.str(),
                     client.may_relay    ? "who may relay"
                     : client.stranger() ? "a stranger"
                                         : "who may not relay",
                     table(rows), printable(to_line(explanation.reply)),
                     as_text(explanation.route));
}

ExitStatus status_of(const smtp::Reply& reply) {
  if (reply.positive()) return ExitStatus::done;
  return reply.temporary() ? ExitStatus::try_again : ExitStatus::refused;
}

// As MAIL and RCPT of a client with SMTPUTF8 would have them.
constexpr smtp::Extensions kOffered{.smtputf8 = true};

// "<>" and "" are the null reverse-path.
std::optional<smtp::Mailbox> parse_sender(const std::string& text) {
  const auto mail =
      smtp::parse_mail(fmt::format("FROM:<{}> SMTPUTF8", text == "<>" ? "" : text), kOffered);
  return mail ? std::optional(mail->sender) : std::nullopt;
}

std::optional<smtp::Mailbox> parse_recipient(const std::string& text) {
  const auto rcpt = smtp::parse_rcpt(fmt::format("TO:<{}>", text), kOffered, smtp::Charset::utf8);
  return rcpt ? std::optional(rcpt->recipient) : std::nullopt;
}

std::optional<Envelope> envelope_of(const ExplainOptions& options, Context& context) {
  const auto sender = parse_sender(options.from);
  const auto recipient = parse_recipient(options.to);
  const auto address = net::IpAddress::parse(options.ip);
  const auto wrong = [&](const std::string& what, const std::string& text) {
    context.refuse(ExitStatus::usage, fmt::format("{}: not {}", text, what));
    return std::nullopt;
  };
  if (!sender) return wrong("an address, nor <>", options.from);
  if (!recipient) return wrong("an address", options.to);
  if (!address) return wrong("an IP address", options.ip);
  return Envelope{
      *sender, *recipient, *address, options.helo.empty() ? address->literal() : options.helo, {}};
}

void explain_message(Context& context, const config::Settings& settings,
                     const ExplainOptions& options) {
  auto envelope = envelope_of(options, context);
  if (!envelope) return;
  if (!options.auth.empty()) {
    auto login = find_login(settings, options.auth);
    if (!login && login.error().kind != ErrorKind::not_found &&
        login.error().kind != ErrorKind::invalid)
      return context.refuse(login.error());
    if (!login)
      return context.refuse(ExitStatus::refused, fmt::format("no such user: {}", options.auth));
    envelope->login = std::move(*login);
  }
  const Explanation explanation = explain(settings, *envelope);
  context.status = status_of(explanation.reply);
  context.answer(as_json(explanation), as_text(explanation));
}

void explain(Context& context, const ExplainOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  if (!options.to.empty()) return explain_message(context, *settings, options);
  if (options.address.empty())
    return context.refuse(ExitStatus::usage, "say which ADDRESS, or --from A --to B");
  const auto address = parse_recipient(options.address);
  if (!address)
    return context.refuse(ExitStatus::usage, fmt::format("{}: not an address", options.address));
  const auto route = explain_route(*settings, *address);
  context.answer({{"address", options.address}, {"steps", as_json(route)}}, as_text(route));
}

}  // namespace

void add_explain_command(Command app, Context& context) {
  const Command command = app.add_subcommand(
      "explain", "What would happen to mail for an address, or from one address to another");
  const auto options = std::make_shared<ExplainOptions>();
  const Option address = command.add_option("address", options->address, "Its way alone");
  const Option from = command.add_option("--from", options->from, "The sender; <> for none");
  const Option to = command.add_option("--to", options->to, "The recipient").needs(from);
  from.needs(to);
  to.excludes(address);
  command.add_option("--ip", options->ip, "The client's address; else 127.0.0.1").needs(to);
  command.add_option("--helo", options->helo, "What the client calls itself; else its address")
      .needs(to);
  command.add_option("--auth", options->auth, "The user who has logged in").needs(to);
  command.callback([&context, options] { explain(context, *options); });
}

}  // namespace postrider::ctl
