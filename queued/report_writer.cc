#include "queued/report_writer.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "common/event/answer_later.h"
#include "common/spool/record.h"

namespace postrider::queued {

namespace {

constexpr const char* kPostmaster = "postmaster";

// RFC 8689 section 5: what is told of the message is protected as it was, and is its header alone.
bool requires_tls(const MessageData& data) {
  return data.envelope.tls() == spool::Envelope::TLS_REQUIRED;
}

// The beginning of the original, as a report returns it: our trace fields, then the content. What
// cannot be read is left out; the report is worth more than its appendix.
std::string beginning_of(spool::Disk& disk, const Message& message) {
  std::string original = message.data.envelope.trace();
  if (!message.source || original.size() >= message::kMaxReturned) return original;
  const std::size_t trace = original.size();
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(message::kMaxReturned - trace, message.data.content_length));
  original.resize(trace + wanted);
  const auto n = disk.read(message.source->fd.get(), message.content_offset,
                           std::span(original).subspan(trace));
  original.resize(trace + n.value_or(0));
  return original;
}

message::GivenUp given_up(const Message& message, const Recipient& recipient) {
  if (recipient.state != RecipientState::expired) return message::GivenUp::no;
  return is_given_up(message) ? message::GivenUp::by_operator : message::GivenUp::expired;
}

message::ReportedRecipient reported(const Message& message, const Recipient& recipient) {
  return {.address = recipient.address,
          .orcpt = recipient.orcpt,
          .status = recipient.status,
          .reply = recipient.reply,
          .remote = recipient.remote,
          .original = recipient.original,
          .command = recipient.command,
          .given_up = given_up(message, recipient)};
}

// The same report has the same id, however often a crash has it written.
MessageId id_of_report(const Message& message, const message::ReportRequest& request) {
  std::vector<std::string_view> addresses;
  for (const message::ReportedRecipient& recipient : request.recipients)
    addresses.push_back(recipient.address);
  std::sort(addresses.begin(), addresses.end());
  return MessageId::derived(
      message.data.id,
      spool::checksum(fmt::format("{} {}", action_of(request.kind), fmt::join(addresses, " "))));
}

// Reports that are written together; `done` hears of them when the last has ended.
class Several final : public Pending {
 public:
  explicit Several(Reports::Done done) : done_(std::move(done)) {}

  void add(PendingPtr report) { reports_.push_back(std::move(report)); }
  void on_written(Result<void> written) {
    if (!written) result_ = std::move(written);
    if (++ended_ < reports_.size()) return;
    auto done = std::move(done_);
    done(std::move(result_));  // which may destroy this object
  }

 private:
  Reports::Done done_;
  std::vector<PendingPtr> reports_;
  std::size_t ended_ = 0;
  Result<void> result_;
};

}  // namespace

// In an order that a crash does not change, so that each report has the same recipients again.
PendingPtr ReportWriter::send(const Message& message, ReportKind kind,
                              const std::vector<std::uint32_t>& recipients, WallTime expires,
                              Done done) {
  std::vector<std::uint32_t> told = recipients;
  std::sort(told.begin(), told.end());
  const std::string original = beginning_of(disk_, message);
  auto several = std::make_unique<Several>(std::move(done));
  for (std::size_t from = 0; from < told.size(); from += kMaxRecipients) {
    message::ReportRequest request = request_for(message, kind, original);
    if (kind == ReportKind::delayed) request.retry_until = expires;
    const std::size_t count = std::min(kMaxRecipients, told.size() - from);
    for (const std::uint32_t index : std::span(told).subspan(from, count))
      request.recipients.push_back(reported(message, message.data.recipients[index]));
    several->add(write(message, std::move(request), [all = several.get()](Result<void> written) {
      all->on_written(std::move(written));
    }));
  }
  return several;
}

PendingPtr ReportWriter::write(const Message& message, message::ReportRequest request, Done done) {
  auto draft = writer_.begin(0, id_of_report(message, request));
  if (!draft)
    return event::answer_later(loop_, Result<void>(pass_on(std::move(draft.error()))),
                               std::move(done));
  request.id = (*draft)->id().str();
  const message::Report report = compose(request);
  if (auto appended = (*draft)->append(report.content); !appended)
    return event::answer_later(loop_, std::move(appended), std::move(done));
  const spool::Envelope envelope = envelope_for(message, request, report);
  return writer_.commit(
      std::move(*draft), envelope,
      [this, id = request.id, of = message.data.id, to = envelope.recipients(0).address(),
       kind = request.kind, done = std::move(done)](Result<void> written) mutable {
        if (written)
          log_.info("report")
              .id(id)
              .with("of", of.view())
              .with("to", to)
              .with("kind", action_of(kind));
        done(std::move(written));
      });
}

// `original` is kept as a view.
message::ReportRequest ReportWriter::request_for(const Message& message, ReportKind kind,
                                                 std::string_view original) const {
  const MessageData& data = message.data;
  const std::uint64_t size = data.envelope.trace().size() + data.content_length;
  message::ReportRequest request{
      .kind = kind,
      .hostname = settings_.hostname,
      .now = clock_.now(),
      .sender = data.sender(),
      .envid = data.envelope.envid(),
      .arrival = data.arrival,
      .release_request = data.envelope.release_request(),
      .smtputf8 = data.envelope.smtputf8(),
      .return_content = kind == ReportKind::failed && !requires_tls(data) &&
                        data.envelope.ret() != "HDRS" && size <= settings_.queue.bounce_size_limit,
      .original = original,
      .original_size = size};
  if (data.sender().empty()) {
    request.double_bounce = true;
    request.sender = fmt::format("{}@{}", kPostmaster, settings_.hostname);
  }
  return request;
}

spool::Envelope ReportWriter::envelope_for(const Message& message,
                                           const message::ReportRequest& request,
                                           const message::Report& report) const {
  spool::Envelope envelope;
  envelope.set_id(request.id);
  envelope.set_arrival_us(request.now.time_since_epoch().count());
  spool::Recipient& to = *envelope.add_recipients();
  // The bare word never leads to another host.
  to.set_address(request.double_bounce ? kPostmaster : request.sender);
  to.set_notify("NEVER");  // RFC 3461 section 6.1
  envelope.set_report(request.double_bounce ? spool::Envelope::TO_POSTMASTER
                                            : spool::Envelope::TO_SENDER);
  envelope.set_body(report.eight_bit ? spool::Envelope::EIGHT_BIT_MIME
                                     : spool::Envelope::SEVEN_BIT);
  envelope.set_smtputf8(report.smtputf8);
  envelope.set_priority(message.data.envelope.priority());  // RFC 6710
  if (requires_tls(message.data)) envelope.set_tls(spool::Envelope::TLS_REQUIRED);
  envelope.set_protocol("LOCAL");
  envelope.set_repeated(message.repeated);
  return envelope;
}

}  // namespace postrider::queued
