#include "deliverd/local/local_attempt.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/base/message_id.h"
#include "common/maildir/file_name.h"
#include "common/maildir/mailbox_path.h"
#include "common/message/header_scanner.h"
#include "deliverd/local/content.h"
#include "deliverd/local/counted_mailbox.h"

namespace postrider::deliverd {

namespace {

using maildir::DeliveryError;

// One recipient's mailbox, while the message is on its way into it.
struct Target {
  const ipc::JobRecipient* recipient = nullptr;
  std::string path;                           // of the mailbox
  std::string base;                           // of the file
  std::optional<maildir::Delivery> delivery;  // empty once `result` says why
  ipc::RecipientResult result;
  bool turned_away = false;  // by the quota

  quota::Amount limit() const { return {recipient->quota(), recipient->quota_messages()}; }

  void end(ipc::Outcome outcome, std::string_view status, std::string reply) {
    delivery.reset();
    result.set_outcome(outcome);
    result.set_status(status.data(), status.size());
    result.set_reply(std::move(reply));
  }

  void end(const DeliveryError& error) {
    using enum DeliveryError::Cause;
    const std::string_view status = error.cause == disk_full    ? "4.3.1"
                                    : error.cause == over_quota ? "4.2.2"
                                                                : "4.3.0";
    end(ipc::DEFERRED, status, error.text);
  }
};

// `text` for a header field's value: it can neither end the line nor hide in it.
std::string field_text(std::string_view text) {
  std::string safe(text);
  std::replace_if(safe.begin(), safe.end(), is_control, '?');
  return safe;
}

std::string to_lf(std::string_view crlf_text) {
  std::string lf_text;
  maildir::ToLf converter;
  converter.append(crlf_text, lf_text);
  converter.finish(lf_text);
  return lf_text;
}

// The recipients that are delivered to in one reading of the content.
class Group {
 public:
  Group(const ipc::Job& job, int source_fd, const MailStore& store, const MessageId& id)
      : job_(job), source_fd_(source_fd), store_(store), id_(id) {}

  void add(const ipc::JobRecipient& recipient) {
    Target target;
    target.recipient = &recipient;
    target.result.set_index(recipient.index());
    begin(target);
    targets_.push_back(std::move(target));
  }

  void deliver(ipc::JobResult& to) {
    const Content::Status status = write_content();
    for (Target& target : targets_) {
      if (target.delivery) finish(target, status);
      settle_promise(target);
      *to.add_recipients() = std::move(target.result);
    }
  }

 private:
  void begin(Target& target) {
    const std::string& mailbox = target.recipient->address();
    auto path = maildir::mailbox_path(mailbox);
    if (!path) return target.end(ipc::FAILED, "5.1.3", path.error().text);
    target.path = std::move(*path);
    const std::int64_t seconds = job_.arrival_us() / 1'000'000;
    target.base = maildir::base_name(seconds, id_, mailbox, store_.host);
    auto delivery = maildir::Delivery::begin(
        {.mail_directory = store_.directory, .mailbox_path = target.path, .base = target.base});
    if (!delivery) return target.end(delivery.error());
    target.delivery.emplace(std::move(*delivery));
    write(target, fmt::format("Return-Path: <{}>\nDelivered-To: {}\n{}", field_text(job_.sender()),
                              mailbox, trace_));
  }

  static void write(Target& target, std::string_view lf_text) {
    if (!target.delivery) return;
    if (auto written = target.delivery->append(lf_text); !written) target.end(written.error());
  }

  Content::Status write_content() {
    Content content({.fd = source_fd_,
                     .offset = job_.offset(),
                     .length = job_.length(),
                     .checksum = job_.checksum()});
    message::HeaderScanner header([this](std::string_view name, std::string_view value) {
      if (equals_ignoring_case(name, "Delivered-To")) find_loop(value);
    });
    std::string lf_text;
    while (true) {
      const Content::Status status = content.next(lf_text);
      if (!header.done()) header.feed(lf_text);
      for (Target& target : targets_) write(target, lf_text);
      if (status == Content::Status::more) continue;
      header.finish();
      return status;
    }
  }

  void find_loop(std::string_view delivered_to) {
    for (Target& target : targets_)
      if (target.delivery && equals_ignoring_case(delivered_to, target.recipient->address()))
        target.end(ipc::FAILED, "5.4.6",
                   fmt::format("mail loop: was delivered to {} before", delivered_to));
  }

  void finish(Target& target, Content::Status status) {
    if (status == Content::Status::corrupt)
      return target.end(ipc::CORRUPT, "4.3.0", "the content does not match its checksum");
    if (status == Content::Status::unreadable)
      return target.end(ipc::DEFERRED, "4.3.0", "the content cannot be read");
    const auto attempt = is_repeated(target) ? maildir::Delivery::Attempt::repeated
                                             : maildir::Delivery::Attempt::first;
    if (quota::limits_something(target.limit())) return finish_counted(target, attempt);
    const auto placed = target.delivery->commit(attempt, store_.sync);
    if (!placed) return target.end(placed.error());
    end_stored(target, *placed);
  }

  // Also by another way of the same message into the same mailbox.
  bool is_repeated(const Target& target) const {
    return job_.repeated() || std::any_of(targets_.begin(), targets_.end(), [&](const Target& one) {
             return &one < &target && one.path == target.path;
           });
  }

  void finish_counted(Target& target, maildir::Delivery::Attempt attempt) {
    POSTRIDER_CHECK(store_.rooms != nullptr && store_.clock != nullptr);
    const CountedMessage message{target.recipient->address(), target.path, target.base, id_.view(),
                                 target.limit()};
    CountedMailbox mailbox(*store_.rooms, store_.directory, message, store_.clock->now(),
                           store_.warnings);
    const CountedOutcome outcome = mailbox.store(*target.delivery, attempt, store_.sync);
    if (const auto* const stored = std::get_if<Stored>(&outcome)) {
      end_stored(target, stored->placed);
      if (stored->warned > 0)
        target.result.set_detail(
            fmt::format("its user was told that {} percent of the quota are used", stored->warned));
      return;
    }
    if (const auto* const error = std::get_if<DeliveryError>(&outcome)) return target.end(*error);
    turn_away(target, std::get<TurnedAway>(outcome));
  }

  static void end_stored(Target& target, maildir::Placed placed) {
    target.result.set_file(target.delivery->path());
    target.end(ipc::DELIVERED, "2.0.0",
               fmt::format("{} in mailbox {}",
                           placed == maildir::Placed::now ? "stored" : "was already stored",
                           target.recipient->address()));
  }

  // How large a mailbox is and how full, the sender is not told.
  void turn_away(Target& target, const TurnedAway& away) const {
    using enum TurnedAway::Why;
    const std::uint64_t size = target.delivery->size();
    target.turned_away = true;
    if (away.why == larger) {
      target.end(ipc::FAILED, "5.2.3", "the message is larger than the mailbox may be");
    } else if (away.why == full && store_.over_quota == ipc::FAILED) {
      target.end(ipc::FAILED, "5.2.2", reason_of(away));
    } else {
      target.end(ipc::DEFERRED, "4.2.2", reason_of(away));
    }
    const quota::Amount limit = target.limit();
    target.result.set_detail(
        away.reached == quota::Reached::messages
            ? fmt::format("{} of {} messages are there", away.used.messages, limit.messages)
            : fmt::format("{} of {} octets are used, the message has {}", away.used.octets,
                          limit.octets, size));
  }

  static std::string reason_of(const TurnedAway& away) {
    if (away.why == TurnedAway::Why::promised)
      return "the mailbox is full: its room is promised to other messages";
    return away.reached == quota::Reached::messages
               ? "the mailbox is full: it holds as many messages as it may"
               : "the mailbox is full: it holds as many octets as it may";
  }

  // A message that is tried again keeps what it was promised; one that has failed needs it no more.
  void settle_promise(const Target& target) const {
    if (!quota::limits_something(target.limit()) || target.turned_away) return;
    const std::string& mailbox = target.recipient->address();
    const ipc::Outcome outcome = target.result.outcome();
    if (outcome == ipc::DEFERRED) store_.rooms->renew(mailbox, id_.view(), store_.clock->now());
    if (outcome == ipc::FAILED) store_.rooms->withdraw(mailbox, id_.view());
  }

  const ipc::Job& job_;
  const int source_fd_;
  const MailStore& store_;
  const MessageId& id_;
  const std::string trace_ = to_lf(job_.trace());
  std::vector<Target> targets_;
};

}  // namespace

ipc::JobResult attempt_local(const ipc::Job& job, int source_fd, const MailStore& store) {
  ipc::JobResult result;
  result.set_number(job.number());
  const auto id = MessageId::parse(job.message_id());
  for (int i = 0; i < job.recipients_size();) {
    if (!id) {
      Target target;
      target.result.set_index(job.recipients(i++).index());
      target.end(ipc::DEFERRED, "4.3.0", "the job has no valid message id");
      *result.add_recipients() = std::move(target.result);
      continue;
    }
    Group group(job, source_fd, store, *id);
    for (const int end = std::min(i + kMailboxesAtOnce, job.recipients_size()); i < end; ++i)
      group.add(job.recipients(i));
    group.deliver(result);
  }
  return result;
}

}  // namespace postrider::deliverd
