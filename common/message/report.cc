#include "common/message/report.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/date.h"
#include "common/message/header_scanner.h"
#include "common/message/reported_text.h"

namespace postrider::message {

namespace {

struct KindText {
  std::string_view action;
  std::string_view subject;
  std::string_view opening;  // of the part for people
};

const KindText& text_of(ReportKind kind) noexcept {
  static constexpr auto kTexts = std::to_array<KindText>({
      {"failed", "Undelivered mail returned to sender",
       "Your message could not be delivered to the recipients below. It will not be\r\n"
       "tried again: to reach them, mend what the reason names and send it anew.\r\n"},
      {"delayed", "Delayed mail (still being tried)",
       "Your message could not yet be delivered to the recipients below. You need not\r\n"
       "send it again: it is tried until the time given at the end.\r\n"},
      {"delivered", "Delivered mail", "Your message was delivered to the recipients below.\r\n"},
      {"relayed", "Relayed mail",
       "Your message was passed on to servers that do not tell of its delivery, for the\r\n"
       "recipients below.\r\n"},
      {"expanded", "Expanded mail",
       "Your message was passed on to all members of the recipients below.\r\n"},
  });
  return kTexts[static_cast<std::size_t>(kind)];
}

// The Message-ID of the message that begins with `original`; empty if it has none.
std::string message_id_of(std::string_view original) {
  std::string id;
  HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    if (id.empty() && equals_ignoring_case(name, "Message-ID")) id = value;
  });
  scanner.feed(original);
  scanner.finish();
  return id;
}

// Whether `text` is one msg-id that may be repeated in a header field.
bool is_message_id(std::string_view text) {
  return text.size() > 2 && text.size() <= 250 && text.front() == '<' && text.back() == '>' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_ascii(c) && !is_control(c) && c != ' '; });
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

class Composer {
 public:
  explicit Composer(const ReportRequest& request)
      : request_(request),
        whole_(request.return_content && request.original_size <= kMaxReturned &&
               request.original.size() == request.original_size),
        returned_(returned_part(request, whole_)),
        people_(for_people()),
        status_(delivery_status()),
        boundary_(unused_boundary()) {}

  Report compose() const {
    Report report;
    report.content = header();
    add_part(report.content, "text/plain; charset=utf-8", people_);
    add_part(report.content, "message/delivery-status", status_);
    add_part(report.content, returned_type(), returned_);
    report.content += fmt::format("--{}--\r\n", boundary_);
    report.eight_bit = !is_all_ascii(report.content);
    report.smtputf8 = !is_all_ascii(request_.sender);
    return report;
  }

 private:
  std::string header() const {
    const std::string_view host = request_.hostname;
    std::string text = fmt::format(
        "From: Mail Delivery System <MAILER-DAEMON@{}>\r\nTo: <{}>\r\nSubject: {}\r\n"
        "Date: {}\r\nMessage-ID: <{}@{}>\r\n",
        host, reported(request_.sender), text_of(request_.kind).subject, rfc5322_date(request_.now),
        request_.id, host);
    if (const std::string original = message_id_of(request_.original); is_message_id(original))
      text += fmt::format("In-Reply-To: {0}\r\nReferences: {0}\r\n", original);
    text += fmt::format(
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n",
        boundary_);
    const bool ascii = is_all_ascii(people_) && is_all_ascii(returned_);
    text += fmt::format("Content-Transfer-Encoding: {}\r\n\r\n", ascii ? "7bit" : "8bit");
    return text += "This is a delivery report in MIME format.\r\n\r\n";
  }

  std::string for_people() const {
    std::string text = fmt::format("This is the mail server {}.\r\n\r\n{}", request_.hostname,
                                   text_of(request_.kind).opening);
    for (const ReportedRecipient& recipient : request_.recipients) {
      text += fmt::format("\r\n  <{}>\r\n", reported(recipient.address));
      if (recipient.reply.empty()) continue;
      const std::string who = recipient.remote.empty()
                                  ? "Reason"
                                  : fmt::format("The server {} said", reported(recipient.remote));
      text += fold(fmt::format("    {}: {}", who, reported(recipient.reply)), "      ");
    }
    if (request_.retry_until)
      text += fmt::format("\r\nIt is tried until {}.\r\n", rfc5322_date(*request_.retry_until));
    return text +=
           fmt::format("\r\nIf you need help, ask <postmaster@{}> and quote this report.\r\n",
                       request_.hostname);
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
                        typed_address(recipient.address), text_of(request_.kind).action,
                        reported_ascii(recipient.status));
    if (!recipient.remote.empty()) {
      const std::string host = recipient.remote.substr(0, recipient.remote.find('['));
      if (!host.empty()) text += fmt::format("Remote-MTA: dns; {}\r\n", reported_ascii(host));
      text += fold(fmt::format("Diagnostic-Code: smtp; {}", reported_ascii(recipient.reply)), " ");
    }
    text += fmt::format("Last-Attempt-Date: {}\r\n", rfc5322_date(request_.now));
    if (request_.retry_until)
      text += fmt::format("Will-Retry-Until: {}\r\n", rfc5322_date(*request_.retry_until));
    return text;
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
    fmt::format_to(std::back_inserter(to),
                   "--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n", boundary_,
                   type, is_all_ascii(body) ? "7bit" : "8bit");
    to += body;
    to += "\r\n";
  }

  const ReportRequest& request_;
  const bool whole_;
  const std::string returned_;
  const std::string people_;
  const std::string status_;
  const std::string boundary_;
};

}  // namespace

std::string_view action_of(ReportKind kind) noexcept { return text_of(kind).action; }

Report compose(const ReportRequest& request) { return Composer(request).compose(); }

}  // namespace postrider::message
