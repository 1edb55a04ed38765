#include "deliverd/local/local_attempt.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/message_id.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/file_name.h"
#include "common/maildir/mailbox_path.h"
#include "common/maildir/usage.h"
#include "common/message/header_scanner.h"
#include "deliverd/local/content.h"

namespace postrider::deliverd {

namespace {

using maildir::DeliveryError;

// One recipient's mailbox, while the message is on its way into it.
struct Target {
  const ipc::JobRecipient* recipient = nullptr;
  std::string path;                           // of the mailbox
  std::optional<maildir::Delivery> delivery;  // empty once `result` says why
  ipc::RecipientResult result;

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
    std::string base = maildir::base_name(seconds, id_, mailbox, store_.host);
    if (target.recipient->quota() > 0 && !has_room(target, base)) return;
    auto delivery = maildir::Delivery::begin(
        {.mail_directory = store_.directory, .mailbox_path = target.path, .base = std::move(base)});
    if (!delivery) return target.end(delivery.error());
    target.delivery.emplace(std::move(*delivery));
    write(target, fmt::format("Return-Path: <{}>\nDelivered-To: {}\n{}", field_text(job_.sender()),
                              mailbox, trace_));
  }

  // Whether the message fits into the mailbox; else `target` is ended. Room that an earlier attempt
  // found is not asked for again: what it stored is not to be returned to its sender.
  bool has_room(Target& target, const std::string& base) const {
    if (is_known_to_fit(target) || was_deleted(target, base)) return true;
    const auto used = store_.usage != nullptr ? store_.usage->read(target.path, base)
                                              : maildir::usage(store_.directory, target.path, base);
    if (!used) {
      target.end(ipc::DEFERRED, "4.3.0", used.error().text);
      return false;
    }
    if (used->holds || used->octets + job_.length() <= target.recipient->quota()) return true;
    turn_away(target, used->octets);
    return false;
  }

  bool was_deleted(const Target& target, const std::string& base) const {
    return job_.repeated() &&
           maildir::was_deleted(store_.directory, target.path, base).value_or(false);
  }

  bool is_known_to_fit(const Target& target) const {
    if (store_.usage == nullptr || job_.repeated()) return false;
    const auto kept = store_.usage->kept(target.path);
    return kept && *kept + job_.length() <= target.recipient->quota();
  }

  // How large a mailbox is and how full, the sender is not told.
  void turn_away(Target& target, std::uint64_t used) const {
    const std::uint64_t quota = target.recipient->quota();
    if (store_.marks != nullptr && used + kOrdinaryMessage > quota)
      store_.marks->set(target.recipient->address(), store_.clock->now());
    if (job_.length() > quota) {
      target.end(ipc::FAILED, "5.2.3", "the message is larger than the mailbox may be");
    } else {
      target.end(store_.over_quota, store_.over_quota == ipc::FAILED ? "5.2.2" : "4.2.2",
                 "the mailbox is full");
    }
    target.result.set_detail(
        fmt::format("{} of {} octets are used, the message has {}", used, quota, job_.length()));
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
    using enum maildir::Delivery::Attempt;
    const auto attempt = job_.repeated() ? repeated : first;
    const bool counted = store_.usage != nullptr && target.recipient->quota() > 0;
    const auto before = counted ? store_.usage->times_of(target.path) : std::nullopt;
    const auto placed = target.delivery->commit(attempt, store_.sync);
    if (!placed) return target.end(placed.error());
    if (counted && *placed == maildir::Placed::now)
      store_.usage->add(target.path, before, target.delivery->size());
    if (store_.marks != nullptr && target.recipient->quota() > 0)
      store_.marks->clear(target.recipient->address());
    target.end(ipc::DELIVERED, "2.0.0",
               fmt::format("{} in mailbox {}",
                           *placed == maildir::Placed::now ? "stored" : "was already stored",
                           target.recipient->address()));
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
