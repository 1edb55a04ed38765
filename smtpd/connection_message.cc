// connection_message.cc - how a message is taken in: from DATA or the first BDAT on until it is
// durable, or refused.
#include <array>
#include <utility>

#include "common/config/parameters.h"
#include "common/spool/record.h"
#include "smtpd/connection.h"
#include "smtpd/envelope.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

// RFC 5322 section 3.6.3: who is in them is not told to others.
constexpr std::array<std::string_view, 2> kBlindFields{"Bcc", "Resent-Bcc"};

smtp::Reply no_storage() { return {452, "4.3.1", "insufficient system storage"}; }

}  // namespace

void Connection::open_message(std::uint64_t declared_size) {
  refused_by_ = {};
  const std::size_t recipients = session_.transaction().recipients.size();
  if (const auto refusal = refusal_in(inquiry_.judge_data(recipients, session_.impatient()))) {
    note_refused({}, *refusal);
    return session_.on_verdict(*refusal);
  }
  auto draft = services_.writer.begin(declared_size);
  if (!draft) {
    note_refused({}, no_storage());
    return session_.on_verdict(no_storage());
  }
  draft_ = std::move(*draft);
  filter_.reset();
  if (listener_.takes_submissions()) filter_.emplace(kBlindFields);
  session_.on_verdict({250, "2.0.0", "ok"});
}

// The checks see what others will.
void Connection::append(std::string_view content) {
  if (filter_) content = filter_->feed(content);
  if (const auto refusal = refusal_in(inquiry_.read(content))) return refuse_message(*refusal);
  if (!draft_->append(content)) refuse_message(no_storage());
}

void Connection::commit() {
  if (filter_) {
    const std::string_view rest = filter_->finish();
    if (const auto refusal = refusal_in(inquiry_.read(rest))) return refuse_at_end(*refusal);
    if (!draft_->append(rest)) return refuse_at_end(no_storage());
  }
  const auto verdicts = inquiry_.finish([this](const checks::Verdicts& later) {
    commit_if_accepted(later);
    act();
  });
  if (verdicts) commit_if_accepted(*verdicts);
}

void Connection::refuse_at_end(const smtp::Reply& reason) {
  drop_message(reason);
  session_.on_verdict(reason);
}

void Connection::commit_if_accepted(const checks::Verdicts& verdicts) {
  if (const auto refusal = refusal_in(verdicts)) return refuse_at_end(*refusal);
  // Known before, had its client declared its size (RFC 1870).
  if (const auto largest = inquiry_.largest_mailbox(); largest && draft_->size() > *largest)
    return refuse_at_end(
        {552, "5.2.3", "the message is larger than the mailbox of any of its recipients may be"});
  const MessageId id = draft_->id();
  const spool::Envelope written =
      envelope_of({id, services_.clock.now(), services_.settings, listener_, session_, client_,
                   inquiry_, tls_ ? &*tls_ : nullptr});
  if (written.ByteSizeLong() > spool::kMaxEnvelope)
    return refuse_at_end({452, "4.5.3", "too many recipients for one message"});
  size_ = draft_->size();
  const std::uint64_t stored = size_ + written.trace().size();
  if (const auto refusal =
          inquiry_.room().accept(id.view(), stored, session_.transaction().recipients.size())) {
    refused_by_ = "quota";
    return refuse_at_end(*refusal);
  }
  commit_begun_ = services_.loop.now();
  commit_ = services_.writer.commit(std::move(draft_), written,
                                    [this, id](const Result<void>& r) { committed(id, r); });
}

void Connection::committed(const MessageId& id, const Result<void>& result) {
  const MessageId message = id;  // `id` goes with the operation
  smtp::Reply reply{250, "2.0.0", "accepted as " + message.str()};
  services_.counters.observe(metrics::Duration::smtp_commit, services_.loop.now() - commit_begun_);
  if (result) {
    services_.counters.add(Counter::smtp_messages_accepted);
    services_.counters.add(Counter::smtp_octets_accepted, size_);
    inquiry_.room().keep();
    if (!inquiry_.tags().empty()) services_.counters.add(Counter::smtp_messages_tagged);
    for (const checks::Verdict& tag : inquiry_.tags()) note_finding(tag);
    note_accepted(message);
  } else {
    inquiry_.room().lose();
    reply = {451, "4.3.0", "the message could not be stored, try again"};
    note_refused(message.view(), reply);
  }
  commit_.reset();
  if (gone_) return finish();
  session_.on_verdict(std::move(reply));
  act();
}

// The reply of the check that speaks against the message, if one does.
std::optional<smtp::Reply> Connection::refusal_in(const checks::Verdicts& verdicts) {
  const checks::Verdict* const against = decisive(verdicts);
  if (against == nullptr) return std::nullopt;
  refused_by_ = against->check;
  note_finding(*against);
  return against->reply;
}

void Connection::note_finding(const checks::Verdict& verdict) {
  services_.counters.add_finding(
      verdict.check,
      config::choice_word(config::kCheckActions, static_cast<unsigned>(verdict.action)));
}

// We refuse what the session is still taking in.
void Connection::refuse_message(const smtp::Reply& reason) {
  drop_message(reason);
  session_.on_message_refused(reason);
}

void Connection::drop_message(const smtp::Reply& reason) {
  note_refused(draft_->id().view(), reason);
  inquiry_.room().give_back();
  draft_.reset();
}

}  // namespace postrider::smtpd
