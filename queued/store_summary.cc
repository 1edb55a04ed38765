// store_summary.cc - why the messages of the old generation wait: sums of those that share a
// destination, a state and a reason.
#include <algorithm>
#include <functional>
#include <unordered_map>

#include "queued/description.h"
#include "queued/reason_words.h"
#include "queued/store_reader.h"

namespace postrider::queued {

namespace {

using sqlite::Statement;

// By message: the recipients of one come together. Grouping is ours, as SQLite would sort all rows.
// The envelope is read of those alone that were told nothing yet.
constexpr std::string_view kOpenRecipients =
    "SELECT m.id, r.domain, m.state, CASE WHEN m.state=2 THEN m.hold_reason ELSE r.reply END, "
    "m.arrival_us, CASE WHEN m.state=0 AND m.behind='' THEN m.next_attempt_us ELSE 0 END, "
    "CASE WHEN m.state=2 THEN '' ELSE r.status END, "
    "CASE WHEN m.state=0 AND r.reply=x'' THEN m.envelope ELSE x'' END "
    "FROM message m JOIN recipient r ON r.message=m.id "
    "WHERE m.state IN (0,2) AND r.state=0";
// The reason of a message that its sender sends later (RFC 4865).
constexpr std::string_view kHeldBack = "held back by its sender";

// A lookup by a view makes no string.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

// An open recipient, as its row is.
struct Waiting {
  explicit Waiting(const Statement& row)
      : message(row.text(0)),
        destination(row.text(1)),
        state(static_cast<MessageState>(row.integer(2))),
        reason(row.text(3).substr(0, kDescribedReply)),
        arrival_us(row.integer(4)),
        next_attempt_us(row.integer(5)),
        status(row.text(6)) {
    if (is_held_back(row.text(7))) reason = kHeldBack;
  }

  bool is_held_back(std::string_view envelope) const {
    spool::Envelope parsed;
    return next_attempt_us != 0 && !envelope.empty() &&
           parsed.ParseFromArray(envelope.data(), static_cast<int>(envelope.size())) &&
           parsed.release_us() == next_attempt_us;
  }

  std::string_view message;
  std::string_view destination;
  MessageState state;
  std::string_view reason;
  std::int64_t arrival_us;
  std::int64_t next_attempt_us;  // 0: it waits for no time
  std::string_view status;
};

struct Sum {
  Sum(std::string_view destination, MessageState state, std::string_view reason,
      std::string_view status) {
    row.set_destination(std::string(destination));
    row.set_state(std::string(word_for(state)));
    row.set_reason(std::string(reason));
    row.set_status(std::string(status));
  }

  void note_times(std::int64_t arrival_us, std::int64_t next_attempt_us) {
    if (row.oldest_us() == 0 || arrival_us < row.oldest_us()) row.set_oldest_us(arrival_us);
    const bool sooner = row.next_attempt_us() == 0 || next_attempt_us < row.next_attempt_us();
    if (next_attempt_us != 0 && sooner) row.set_next_attempt_us(next_attempt_us);
  }
  void add(const Waiting& recipient) {
    if (last_message != recipient.message) {
      last_message = recipient.message;
      row.set_messages(row.messages() + 1);
    }
    row.set_recipients(row.recipients() + 1);
    note_times(recipient.arrival_us, recipient.next_attempt_us);
  }
  // A message of several rows counts for each.
  void add(const ipc::SummaryRow& other) {
    row.set_messages(row.messages() + other.messages());
    row.set_recipients(row.recipients() + other.recipients());
    note_times(other.oldest_us(), other.next_attempt_us());
  }

  ipc::SummaryRow row;
  std::string last_message;
};

class Summary {
 public:
  void add(const Waiting& recipient) {
    key_.assign(recipient.destination);
    key_ += recipient.state == MessageState::held ? '\1' : '\0';
    key_ += reason_words(recipient.reason);
    auto sum = sums_.find(key_);
    if (sum == sums_.end() && sums_.size() < StoreReader::kReasons)
      sum = sums_
                .emplace(key_, Sum(recipient.destination, recipient.state, recipient.reason,
                                   recipient.status))
                .first;
    (sum == sums_.end() ? others(word_for(recipient.state)) : sum->second).add(recipient);
  }

  // Those of the most messages first; the others last.
  std::vector<ipc::SummaryRow> rows() && {
    std::vector<ipc::SummaryRow> rows;
    for (auto& [key, sum] : sums_) rows.push_back(std::move(sum.row));
    const auto count = std::min(rows.size(), StoreReader::kSummaryRows);
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(count);
    std::partial_sort(rows.begin(), end, rows.end(),
                      [](const ipc::SummaryRow& a, const ipc::SummaryRow& b) {
                        if (a.messages() != b.messages()) return a.messages() > b.messages();
                        return a.destination() < b.destination();
                      });
    std::for_each(end, rows.end(),
                  [this](const ipc::SummaryRow& row) { others(row.state()).add(row); });
    rows.resize(count);
    for (Sum* const sum : {&deferred_others_, &held_others_})
      if (sum->row.messages() > 0) rows.push_back(std::move(sum->row));
    return rows;
  }

 private:
  Sum& others(std::string_view state) {
    return state == deferred_others_.row.state() ? deferred_others_ : held_others_;
  }

  std::unordered_map<std::string, Sum, Hash, std::equal_to<>> sums_;
  Sum deferred_others_{"(others)", MessageState::deferred, "other reasons", ""};
  Sum held_others_{"(others)", MessageState::held, "other reasons", ""};
  std::string key_;
};

}  // namespace

Result<std::vector<ipc::SummaryRow>> StoreReader::summarize() {
  auto select = database_.prepare(kOpenRecipients);
  if (!select) return pass_on(std::move(select.error()));
  Summary summary;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) return std::move(summary).rows();
    summary.add(Waiting(*select));
  }
}

}  // namespace postrider::queued
