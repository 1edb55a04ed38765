// store_selection.cc - which messages of the old generation are meant, and a list of them.
#include <algorithm>

#include <fmt/format.h>

#include "queued/description.h"
#include "queued/store_reader.h"

namespace postrider::queued {

namespace {

using sqlite::Statement;

constexpr std::string_view kOne =
    "SELECT id, sender, arrival_us, state, hold_reason, expired FROM message WHERE id=?1";
constexpr std::string_view kNext =
    "SELECT id, sender, arrival_us, state, hold_reason, expired FROM message WHERE id>?1 "
    "ORDER BY id LIMIT ?2";

}  // namespace

Result<StoreReader::Selected> StoreReader::select(const Selection& selection,
                                                  const std::string& after, std::size_t limit) {
  Selected selected;
  if (selection.is_empty()) return selected;
  const bool by_id = !selection.ids().empty();
  auto rows = database_.prepare(by_id ? kOne : kNext);
  if (!rows) return pass_on(std::move(rows.error()));
  auto id = selection.ids().upper_bound(after);
  if (!by_id) rows->bind(std::string_view(after), kLook);
  for (std::size_t looked = 0; looked < kLook && selected.ids.size() < limit; ++looked) {
    if (by_id && id == selection.ids().end()) return Selected{std::move(selected.ids), ""};
    if (by_id) rows->bind(std::string_view(*id));
    const auto row = rows->step();
    if (!row) return pass_on(row.error());
    if (!by_id && !*row) return Selected{std::move(selected.ids), ""};
    selected.last_id = by_id ? *id++ : std::string(rows->text(0));
    if (!*row) continue;
    const auto meant = means(selection, *rows);
    if (!meant) return pass_on(meant.error());
    if (*meant) selected.ids.push_back(selected.last_id);
  }
  return selected;
}

Result<bool> StoreReader::means(const Selection& selection, const Statement& row) {
  const MessageView message{.id = row.text(0),
                            .sender = row.text(1),
                            .arrival = from_us(row.integer(2)),
                            .state = static_cast<MessageState>(row.integer(3)),
                            .hold_reason = row.text(4),
                            .expired = row.integer(5) != 0};
  if (!selection.meets(message)) return false;
  if (!selection.asks_for_recipient()) return true;
  const auto recipients = read_recipients(std::string(message.id));
  if (!recipients) return pass_on(recipients.error());
  return std::any_of(recipients->begin(), recipients->end(), [&](const Recipient& recipient) {
    return !is_final(recipient.state) && selection.meets(message, view_of(recipient));
  });
}

Result<Portion> StoreReader::list(const Selection& selection, const std::string& after) {
  auto selected = select(selection, after, kPortion);
  if (!selected) return pass_on(std::move(selected.error()));
  Portion portion;
  std::size_t octets = 0;
  for (const std::string& id : selected->ids) {
    auto stored = load(id);
    if (!stored && stored.error().kind == ErrorKind::corrupt) {
      ipc::QueuedMessage& unreadable = portion.messages.emplace_back();
      unreadable.set_id(id);
      unreadable.set_state(std::string(word_for(MessageState::held)));
      unreadable.set_hold_reason(stored.error().text);
      continue;
    }
    // It ended while we read.
    if (!stored && stored.error().kind == ErrorKind::not_found) continue;
    if (!stored) return pass_on(std::move(stored.error()));
    if (stored->state == MessageState::active) {
      portion.active.push_back(id);
      continue;
    }
    ipc::QueuedMessage message = describe(stored->data);
    message.set_state(std::string(word_for(stored->state)));
    if (stored->state == MessageState::deferred)
      message.set_next_attempt_us(stored->next_attempt_us);
    message.set_expires_us(stored->expires_us);
    message.set_hold_reason(stored->hold_reason);
    message.set_deleted_us(stored->deleted_us);
    octets += message.ByteSizeLong();
    portion.messages.push_back(std::move(message));
    portion.last_id = id;
    if (octets >= kDescribedOctets) return portion;
  }
  portion.last_id = std::move(selected->last_id);
  return portion;
}

}  // namespace postrider::queued
