#include "common/message/quota_warning.h"

#include <string_view>

#include <fmt/format.h>

#include "common/message/date.h"
#include "common/message/reported_text.h"

namespace postrider::message {

namespace {

std::string header(const QuotaWarning& warning, std::string_view domain) {
  return fmt::format(
      "Date: {}\r\n"
      "From: Postmaster <postmaster@{}>\r\n"
      "To: <{}>\r\n"
      "Subject: Your mailbox is {} percent full\r\n"
      "Message-ID: <{}@{}>\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n"
      "\r\n",
      rfc5322_date(warning.time), reported(domain), reported(warning.mailbox), warning.percent,
      warning.id, warning.hostname);
}

std::string limits(const QuotaWarning& warning) {
  std::string text;
  if (!warning.size_limit.empty()) text = fmt::format("It may hold {}", warning.size_limit);
  if (warning.messages_limit > 0) {
    text += text.empty() ? "It" : ", and";
    text += fmt::format(" has {} of {} messages", warning.messages, warning.messages_limit);
  }
  return text + ".";
}

}  // namespace

std::string quota_warning(const QuotaWarning& warning) {
  const std::string_view mailbox = warning.mailbox;
  const std::string_view domain = mailbox.substr(mailbox.rfind('@') + 1);
  std::string text = header(warning, domain);
  text += fmt::format("This is the mail server {}.\r\n\r\n", warning.hostname);
  text += fold(fmt::format("Your mailbox <{}> is {} percent full. {}", reported(mailbox),
                           warning.percent, limits(warning)),
               "");
  text += "\r\n";
  text += fold(
      "When it is full, mail for you has to wait, or is returned to its senders. Please fetch your "
      "mail and delete what you do not need here any more. A program that leaves messages on the "
      "server can be told to remove them.",
      "");
  text += "\r\n";
  text += fold(fmt::format("If you need help, ask <postmaster@{}>.", reported(domain)), "");
  return text;
}

}  // namespace postrider::message
