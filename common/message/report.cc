#include "common/message/report.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/date.h"
#include "common/message/header_scanner.h"
#include "common/message/notice.h"
#include "common/message/reported_text.h"

namespace postrider::message {

namespace {

// Of the References of the original; a thread is known by its ends.
constexpr std::size_t kMaxReferences = 20;

struct KindText {
  std::string_view action;
  std::string_view subject;
};

const KindText& text_of(ReportKind kind) noexcept {
  static constexpr auto kTexts = std::to_array<KindText>({
      {"failed", "Undelivered mail returned to sender"},
      {"delayed", "Delayed mail (still being tried)"},
      {"delivered", "Delivered mail"},
      {"relayed", "Relayed mail"},
      {"expanded", "Expanded mail"},
  });
  return kTexts[static_cast<std::size_t>(kind)];
}

// What the report answers, as RFC 5322 section 3.6.4 has it; each field whole or empty.
struct Thread {
  std::string in_reply_to;
  std::string references;
};

// Whether `text` is one msg-id that may be repeated in a header field.
bool is_message_id(std::string_view text) {
  if (text.size() <= 2 || text.size() > 250 || text.front() != '<' || text.back() != '>')
    return false;
  const std::string_view within = text.substr(1, text.size() - 2);
  return std::all_of(within.begin(), within.end(), [](char c) {
    return is_ascii(c) && !is_control(c) && c != ' ' && c != '<' && c != '>';
  });
}

// The last of the msg-ids in `references`: the nearest to the original.
std::vector<std::string_view> nearest(std::string_view references) {
  std::vector<std::string_view> ids;
  while (!references.empty() && ids.size() < kMaxReferences) {
    const std::size_t begin = references.rfind('<');
    if (begin == std::string_view::npos) break;
    const std::string_view id = trim(references.substr(begin));
    if (!is_message_id(id)) break;
    ids.push_back(id);
    references.remove_suffix(references.size() - begin);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

// The thread of the message that begins with `original`.
Thread thread_of(std::string_view original) {
  std::string id;
  std::string references;
  HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    if (id.empty() && equals_ignoring_case(name, "Message-ID")) id = value;
    if (references.empty() && equals_ignoring_case(name, "References")) references = value;
  });
  scanner.feed(original);
  scanner.finish();
  if (!is_message_id(id)) return {};
  Thread thread{.in_reply_to = fmt::format("In-Reply-To: {}\r\n", id), .references = "References:"};
  for (const std::string_view older : nearest(references))
    thread.references += fmt::format(" {}\r\n", older);
  thread.references += fmt::format(" {}\r\n", id);
  return thread;
}

std::string_view header_section(std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? message : message.substr(0, end + 2);
}

// What is returned of the original, cut at the end of a line; ends in CRLF.
std::string returned_part(const ReportRequest& request, bool whole) {
  std::string_view part = whole ? request.original : header_section(request.original);
  if (part.size() > kMaxReturned) {
    part = part.substr(0, kMaxReturned);
    const std::size_t line_end = part.rfind("\r\n");
    if (line_end != std::string_view::npos) part = part.substr(0, line_end + 2);
  }
  std::string text(part);
  if (!text.ends_with("\r\n")) text += "\r\n";
  return text;
}

// What is given up has a status of its own, whatever the last attempt showed: RFC 3463 section 3.5
// knows of a time that ran out; for an operator it has nothing nearer than section 3.1.
std::string_view status_of(const ReportedRecipient& recipient) noexcept {
  switch (recipient.given_up) {
    case GivenUp::expired: return "5.4.7";
    case GivenUp::by_operator: return "5.0.0";
    default: return recipient.status;
  }
}

class Composer {
 public:
  explicit Composer(const ReportRequest& request)
      : request_(request),
        whole_(request.return_content && request.original_size <= kMaxReturned &&
               request.original.size() == request.original_size),
        returned_(returned_part(request, whole_)),
        global_(!is_all_ascii(request.sender)),
        people_(notice(request)),
        status_(delivery_status()),
        boundary_(unused_boundary()) {}

  Report compose() const {
    Report report;
    report.content = header();
    add_part(report.content, "text/plain; charset=utf-8", people_);
    add_part(report.content, global_ ? "message/global-delivery-status" : "message/delivery-status",
             status_);
    add_part(report.content, returned_type(), returned_);
    report.content += fmt::format("--{}--\r\n", boundary_);
    report.eight_bit = !is_all_ascii(report.content);
    report.smtputf8 = global_;
    return report;
  }

 private:
  std::string header() const {
    const std::string_view host = request_.hostname;
    std::string text = fmt::format(
        "From: Mail Delivery System <MAILER-DAEMON@{}>\r\nTo: <{}>\r\nSubject: {}\r\n"
        "Date: {}\r\nMessage-ID: <{}@{}>\r\n",
        host, reported(request_.sender), subject(), rfc5322_date(request_.now), request_.id, host);
    const Thread thread = thread_of(request_.original);
    text += thread.in_reply_to + thread.references;
    text += fmt::format(
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n",
        boundary_);
    const bool ascii = is_all_ascii(people_) && is_all_ascii(status_) && is_all_ascii(returned_);
    text += fmt::format("Content-Transfer-Encoding: {}\r\n\r\n", ascii ? "7bit" : "8bit");
    return text += "This is a delivery report in MIME format.\r\n\r\n";
  }

  std::string_view subject() const {
    return request_.double_bounce ? "Undelivered report (double bounce)"
                                  : text_of(request_.kind).subject;
  }

  // RFC 6522 section 3, RFC 6533.
  std::string_view returned_type() const {
    if (request_.smtputf8) return whole_ ? "message/global" : "message/global-headers";
    return whole_ ? "message/rfc822" : "text/rfc822-headers";
  }

  // RFC 3464 section 2: fields of the message, then a group of fields for each recipient.
  std::string delivery_status() const {
    std::string text = fmt::format("Reporting-MTA: dns; {}\r\n", request_.hostname);
    if (!request_.envid.empty())
      text += fmt::format("Original-Envelope-Id: {}\r\n", reported_ascii(request_.envid));
    text += fmt::format("Arrival-Date: {}\r\n", rfc5322_date(request_.arrival));
    if (!request_.release_request.empty())
      text += fmt::format("Future-Release-Request: {}\r\n", request_.release_request);
    for (const ReportedRecipient& recipient : request_.recipients) text += fields_of(recipient);
    return text;
  }

  std::string fields_of(const ReportedRecipient& recipient) const {
    std::string text = "\r\n";
    if (!recipient.orcpt.empty())
      text += fmt::format("Original-Recipient: {}\r\n", original_recipient(recipient.orcpt));
    text += fmt::format("Final-Recipient: {}\r\nAction: {}\r\nStatus: {}\r\n",
                        final_recipient(recipient.address), text_of(request_.kind).action,
                        reported_ascii(status_of(recipient)));
    // A host without a name is told of by its address in brackets.
    const std::string_view remote = name_for_senders(recipient.remote);
    const std::string_view host = remote.substr(0, remote.find('['));
    const bool theirs = !remote.empty();
    if (theirs)
      text += fmt::format("Remote-MTA: {}; {}\r\n", remote == kMailStore ? "x-local" : "dns",
                          reported_ascii(host.empty() ? remote : host));
    // RFC 3464 section 2.3.6: the words of another system than SMTP are of a type that begins X-.
    if (!recipient.reply.empty())
      text += fold(fmt::format("Diagnostic-Code: {}; {}", theirs ? "smtp" : "x-postrider",
                               reported_ascii(recipient.reply)),
                   " ");
    if (recipient.given_up != GivenUp::by_operator)
      text += fmt::format("Last-Attempt-Date: {}\r\n", rfc5322_date(request_.now));
    if (request_.retry_until)
      text += fmt::format("Will-Retry-Until: {}\r\n", rfc5322_date(*request_.retry_until));
    return text;
  }

  // RFC 6533 section 3: plain where the whole way takes it, else encoded.
  std::string final_recipient(const std::string& address) const {
    if (global_ && !is_all_ascii(address)) return "utf-8; " + reported(address);
    return typed_address(address);
  }

  // RFC 2046 section 5.1.1: a boundary that no line of the parts begins with.
  std::string unused_boundary() const {
    for (unsigned n = 0;; ++n) {
      std::string boundary = fmt::format("{}.{}/report", request_.id, n);
      const std::string line = "--" + boundary;
      const auto in = [&](const std::string& part) { return part.find(line) != std::string::npos; };
      if (!in(people_) && !in(status_) && !in(returned_)) return boundary;
    }
  }

  void add_part(std::string& to, std::string_view type, std::string_view body) const {
    to += fmt::format("--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                      boundary_, type, is_all_ascii(body) ? "7bit" : "8bit");
    to += body;
    to += "\r\n";
  }

  const ReportRequest& request_;
  const bool whole_;
  const std::string returned_;
  const bool global_;  // it goes under SMTPUTF8, as its recipient is beyond ASCII
  const std::string people_;
  const std::string status_;
  const std::string boundary_;
};

}  // namespace

std::string_view name_for_senders(std::string_view server) noexcept {
  const bool is_socket = server.starts_with("unix:") || server.starts_with("lmtp:unix:");
  return is_socket ? kMailStore : server;
}

std::string_view action_of(ReportKind kind) noexcept { return text_of(kind).action; }

Report compose(const ReportRequest& request) { return Composer(request).compose(); }

}  // namespace postrider::message
