#include "deliverd/local/warning.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/message_id.h"
#include "common/config/units.h"
#include "common/maildir/line_ends.h"
#include "common/message/quota_warning.h"
#include "common/quota/thresholds.h"

namespace postrider::deliverd {

namespace {

// Apart from all else that is made of a message.
constexpr std::uint64_t kKey = 0x71756f7461;  // "quota"

std::string lf_text(const Warnings& warnings, const Warned& warned, const MessageId& id) {
  const std::string crlf = message::quota_warning(
      {.mailbox = warned.mailbox,
       .hostname = warnings.hostname,
       .id = id.str(),
       .time = warned.now,
       .percent = quota::percent_of(warned.used, warned.limit),
       .size_limit = warned.limit.octets > 0 ? config::format_size(warned.limit.octets) : "",
       .messages = warned.used.messages,
       .messages_limit = warned.limit.messages});
  std::string text = fmt::format("Return-Path: <>\nDelivered-To: {}\n", warned.mailbox);
  maildir::ToLf converter;
  converter.append(crlf, text);
  converter.finish(text);
  return text;
}

}  // namespace

std::uint64_t store_warning(const Warnings& warnings, int mail_directory, const Warned& warned,
                            maildir::Sync sync) {
  const auto cause = MessageId::parse(warned.cause);
  if (!cause) return 0;
  const MessageId id = MessageId::derived(*cause, kKey);
  const std::string text = lf_text(warnings, warned, id);
  const quota::Amount size{text.size(), 1};
  if (!quota::fits(warned.used + warned.promised + size, warned.limit)) return 0;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(warned.now).time_since_epoch();
  auto delivery = maildir::Delivery::begin(
      {.mail_directory = mail_directory,
       .mailbox_path = warned.path,
       .base = maildir::base_name(seconds.count(), id, warned.mailbox, warnings.host)});
  if (!delivery || !delivery->append(text)) return 0;
  const auto placed = delivery->commit(maildir::Delivery::Attempt::first, sync);
  return placed && *placed == maildir::Placed::now ? size.octets : 0;
}

}  // namespace postrider::deliverd
