#include "common/message/notice.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/message/cause.h"
#include "common/message/date.h"
#include "common/message/explanation.h"
#include "common/message/reported_text.h"

namespace postrider::message {

namespace {

// Recipients that are told of together.
struct Group {
  std::optional<Cause> cause;  // nothing: of a success, or never tried
  GivenUp given_up = GivenUp::no;
  std::vector<const ReportedRecipient*> recipients;
};

constexpr std::string_view kDoubleBounce =
    "A report that this server wrote could not be delivered to the sender of the message that it "
    "is "
    "about. It is not tried again, and is returned below.";

std::string_view opening(ReportKind kind) noexcept {
  static constexpr auto kOpenings = std::to_array<std::string_view>({
      "Your message could not be delivered to the addresses below. It is not tried again.",
      "Your message could not yet be delivered to the addresses below. You need not send it again: "
      "it is still being tried.",
      "Your message was delivered to the addresses below.",
      "Your message was passed on to servers that do not tell of its delivery, for the addresses "
      "below.",
      "Your message was passed on to all members of the addresses below.",
  });
  return kOpenings[static_cast<std::size_t>(kind)];
}

bool is_success(ReportKind kind) noexcept {
  return kind != ReportKind::failed && kind != ReportKind::delayed;
}

std::optional<Cause> known_cause(ReportKind kind, const ReportedRecipient& recipient) {
  const bool never_tried = recipient.given_up != GivenUp::no && recipient.status.empty();
  if (is_success(kind) || never_tried) return std::nullopt;
  return cause_of(recipient.status, recipient.reply);
}

// In the order in which the first of each comes.
std::vector<Group> grouped(const ReportRequest& request) {
  std::vector<Group> groups;
  for (const ReportedRecipient& recipient : request.recipients) {
    const auto cause = known_cause(request.kind, recipient);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
      return g.cause == cause && g.given_up == recipient.given_up;
    });
    if (group == groups.end())
      group = groups.insert(group, {.cause = cause, .given_up = recipient.given_up});
    group->recipients.push_back(&recipient);
  }
  return groups;
}

std::string address_line(const ReportedRecipient& recipient) {
  if (recipient.original.empty() || recipient.original == recipient.address)
    return fmt::format("  <{}>\r\n", reported(recipient.address));
  return fmt::format("  <{}>, which leads to <{}>\r\n", reported(recipient.original),
                     reported(recipient.address));
}

// The last lines of the dialogue, or our own words.
std::string dialogue(const ReportedRecipient& recipient) {
  if (recipient.reply.empty()) return "";
  const std::string words = fold("    " + reported(recipient.reply), "      ");
  if (recipient.remote.empty()) return "\r\n  The reason:\r\n" + words;
  const std::string to =
      recipient.command.empty() ? "" : fmt::format(" to {}", reported(recipient.command));
  const std::string_view remote = name_for_senders(recipient.remote);
  const std::string who =
      remote == kMailStore ? std::string(remote) : fmt::format("server {}", reported(remote));
  return "\r\n" + fold(fmt::format("  The {} said{}:", who, to), "  ") + words;
}

std::string dialogues(const Group& group) {
  std::string text;
  std::set<std::pair<std::string_view, std::string_view>> told;
  for (const ReportedRecipient* const recipient : group.recipients)
    if (told.emplace(recipient->remote, recipient->reply).second) text += dialogue(*recipient);
  return text;
}

// Of what nobody has refused: who gave it up.
std::string giving_up(const ReportRequest& request, GivenUp given_up) {
  if (given_up == GivenUp::by_operator) return "It was given up by the operator of this server.";
  return fmt::format("It was tried from {} until now, and is given up.",
                     rfc5322_date(request.arrival));
}

// Why, and what to do where nothing is tried any more.
std::string explained(const ReportRequest& request, const Group& group) {
  std::string text;
  if (group.given_up != GivenUp::no) text = giving_up(request, group.given_up);
  if (group.cause) {
    const Explanation& explanation = explanation_of(*group.cause);
    if (!text.empty()) text += " The last time: ";
    text += explanation.why;
    if (request.kind == ReportKind::failed && !request.double_bounce)
      text.append(" ").append(explanation.advice);
  }
  return "\r\n" + fold("  " + text, "  ");
}

// The site of the recipients, where they have one and can help.
std::string_view site_that_helps(const ReportRequest& request, const std::vector<Group>& groups) {
  std::string_view site;
  for (const Group& group : groups) {
    if (!group.cause || !explanation_of(*group.cause).theirs) continue;
    for (const ReportedRecipient* const recipient : group.recipients) {
      const std::string_view address = recipient->address;
      const std::string_view domain = address.substr(address.rfind('@') + 1);
      if (recipient->remote.empty() || (!site.empty() && site != domain)) return {};
      site = domain;
    }
  }
  return request.kind == ReportKind::failed ? site : std::string_view();
}

// A postmaster needs no advice, and has nobody to ask.
std::string whom_to_ask(const ReportRequest& request, const std::vector<Group>& groups) {
  if (request.double_bounce) return "";
  const std::string_view site = site_that_helps(request, groups);
  const std::string theirs = site.empty() ? "" : fmt::format("<postmaster@{}> or ", reported(site));
  return "\r\n" +
         fold(fmt::format("If you need help, ask {}<postmaster@{}>, and quote this report.", theirs,
                          request.hostname),
              "");
}

}  // namespace

std::string notice(const ReportRequest& request) {
  const std::vector<Group> groups = grouped(request);
  std::string text = fmt::format("This is the mail server {}.\r\n\r\n", request.hostname);
  text += fold(request.double_bounce ? kDoubleBounce : opening(request.kind), "");
  for (const Group& group : groups) {
    text += "\r\n";
    for (const ReportedRecipient* const recipient : group.recipients)
      text += address_line(*recipient);
    if (!is_success(request.kind)) text += explained(request, group);
    text += dialogues(group);
  }
  if (request.retry_until)
    text += fmt::format("\r\nIt is tried until {}.\r\n", rfc5322_date(*request.retry_until));
  return text + whom_to_ask(request, groups);
}

}  // namespace postrider::message
