#include "common/checks/check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/ascii.h"
#include "common/checks/rows.h"

namespace postrider::checks {

using config::CheckAction;

namespace {

using S = config::Settings::Checks;

constexpr auto kChecks = [] {
  using enum Stage;
  using enum Check::Whom;
  return std::to_array<Check>({
      {"local_user", connect, everyone, 0, nullptr, &local_user},
      {"early_talker", connect, strangers, 0, &S::early_talker, &early_talker},
      {"reverse_dns", connect, strangers, kReverseName, &S::reverse_dns, &reverse_dns},
      {"helo_own_name", helo, strangers, 0, &S::helo_own_name, &helo_own_name},
      {"helo_literal", helo, strangers, 0, &S::helo_literal, &helo_literal},
      {"helo_name", helo, strangers, 0, &S::helo_name, &helo_name},
      {"sender_domain", mail, strangers, kSenderMail, &S::sender_domain, &sender_domain},
      {"sender_is_ours", mail, strangers, kSenderAnswer, &S::sender_is_ours, &sender_is_ours},
      {"sender_right", mail, users, kSenderRight, &S::sender_right, &sender_right},
      {"recipient", rcpt, everyone, 0, nullptr, &recipient},
      {"recipient_domain", rcpt, users, 0, &S::recipient_domain, &recipient_domain},
      {"mailbox_size", rcpt, everyone, 0, nullptr, &mailbox_size},
      {"quota", rcpt, everyone, 0, &S::quota, &quota},
      {"pipelining", data, strangers, 0, &S::pipelining, &pipelining},
      {"null_sender", data, strangers, 0, &S::null_sender, &null_sender},
      {"header_limit", end, everyone, 0, nullptr, &header_limit},
      {"loop", end, everyone, 0, nullptr, &loop},
      {"submitted_header", end, everyone, 0, nullptr, &submitted_header},
      {"header_syntax", end, strangers, 0, &S::header_syntax, &header_syntax},
      {"header_repeated", end, strangers, 0, &S::header_repeated, &header_repeated},
      {"header_missing", end, strangers, 0, &S::header_missing, &header_missing},
      {"author_right", end, users, kAuthorRights, &S::author_right, &author_right},
  });
}();

// RFC 5321 section 4.3.2 has 450 for each of RCPT, DATA and the end of data, and 452 beside 552.
smtp::Reply deferred(smtp::Reply reply) {
  if (reply.temporary()) return reply;
  reply.code = reply.code == 552 ? 452 : 450;
  if (!reply.status.empty()) reply.status.front() = '4';
  return reply;
}

}  // namespace

std::string_view name_of(Stage stage) noexcept {
  static constexpr std::array<std::string_view, 6> kNames{"connect", "helo", "mail",
                                                          "rcpt",    "data", "end"};
  return kNames[static_cast<std::size_t>(stage)];
}

std::span<const Check> all_checks() noexcept { return kChecks; }

Order ordered(const config::Settings& settings) {
  const auto& first = settings.checks.order;
  const auto rank = [&](const Check* check) {
    const auto place = std::find(first.begin(), first.end(), check->name) - first.begin();
    return std::pair(check->stage, place);
  };
  Order order;
  for (const Check& check : kChecks) order.push_back(&check);
  std::stable_sort(order.begin(), order.end(),
                   [&](const Check* a, const Check* b) { return rank(a) < rank(b); });
  return order;
}

CheckAction configured_action(const Check& check, const config::Settings& settings) noexcept {
  return check.action == nullptr ? CheckAction::refuse : settings.checks.*check.action;
}

CheckAction action_for(const Check& check, const Client& client,
                       const config::Settings& settings) noexcept {
  if (check.whom == Check::Whom::strangers && !client.stranger()) return CheckAction::off;
  if (check.whom == Check::Whom::users && client.user.empty()) return CheckAction::off;
  return configured_action(check, settings);
}

CheckAction action_for(const Facts& facts, CheckAction action) noexcept {
  const bool spared =
      facts.client.stranger() && equals_ignoring_case(facts.recipient.local_part, "postmaster");
  return spared ? CheckAction::tag : action;
}

Needs needs_of(const Client& client, const config::Settings& settings) noexcept {
  unsigned needs = 0;
  for (const Check& check : kChecks)
    if (action_for(check, client, settings) != CheckAction::off) needs |= check.needs;
  return static_cast<Needs>(needs);
}

std::optional<Verdict> judge(const Check& check, const Facts& facts) {
  CheckAction action = action_for(check, facts.client, facts.settings);
  if (action == CheckAction::off) return std::nullopt;
  Finding finding = check.run(facts);
  if (!finding) return std::nullopt;
  if (action == CheckAction::refuse && finding->temporary()) action = CheckAction::defer;
  if (action == CheckAction::defer) finding = deferred(std::move(*finding));
  return Verdict{check.name, action, std::move(*finding)};
}

Verdicts judge(const Order& order, Stage first, Stage last, const Facts& facts) {
  Verdicts verdicts;
  for (const Check* const check : order) {
    if (check->stage < first || check->stage > last) continue;
    if (auto verdict = judge(*check, facts)) verdicts.push_back(std::move(*verdict));
  }
  return verdicts;
}

}  // namespace postrider::checks
