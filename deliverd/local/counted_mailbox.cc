#include "deliverd/local/counted_mailbox.h"

#include <algorithm>
#include <utility>

#include "common/maildir/deletion_journal.h"
#include "common/maildir/usage.h"
#include "common/quota/thresholds.h"
#include "common/quota/turn.h"

namespace postrider::deliverd {

namespace {

using maildir::DeliveryError;

DeliveryError trouble(const Error& error) { return {DeliveryError::Cause::other, error.text}; }

void set_times(const std::optional<maildir::ChangeTimes>& times, quota::Count& count) {
  count.in_new = times ? times->in_new : 0;
  count.in_cur = times ? times->in_cur : 0;
}

}  // namespace

CountedOutcome CountedMailbox::store(maildir::Delivery& delivery,
                                     maildir::Delivery::Attempt attempt, maildir::Sync sync) {
  const auto turn = rooms_.take_turn(message_.mailbox);
  if (!turn) return trouble(turn.error());
  standing_ = rooms_.look(message_.mailbox, message_.id);
  const quota::Amount size{delivery.size(), 1};
  if (const auto known = kept(); known && attempt == maildir::Delivery::Attempt::first) {
    count_ = *known;
    if (has_room(size)) return commit(delivery, attempt, sync);
    if (is_certain()) return turn_away(size);
  }
  if (const auto done = read(); !done) return trouble(done.error());
  if (stored_already_)
    attempt = maildir::Delivery::Attempt::repeated;  // whoever says it is the first
  if (attempt == maildir::Delivery::Attempt::repeated && was_deleted()) stored_already_ = true;
  if (stored_already_ || has_room(size)) return commit(delivery, attempt, sync);
  count_.limit = message_.limit;
  rooms_.counted(message_.mailbox, count_, now_);
  return turn_away(size);
}

Result<void> CountedMailbox::count(const quota::Rooms::Turn&) {
  standing_ = rooms_.look(message_.mailbox, message_.id);
  const auto known = kept();
  if (known) count_ = *known;
  if (!known || !is_certain())
    if (auto done = read(); !done) return done;
  rooms_.counted(message_.mailbox, count_, now_);
  return {};
}

std::optional<quota::Count> CountedMailbox::kept() const {
  const auto& count = standing_.count;
  if (!count || count->read > now_ || now_ - count->read >= kBelieved) return std::nullopt;
  const auto times = maildir::change_times(mail_directory_, message_.path);
  const bool same = times && times->in_new == count->in_new && times->in_cur == count->in_cur;
  return same ? count : std::nullopt;
}

// What was kept and is as it was read.
bool CountedMailbox::is_certain() const {
  const auto changed = std::chrono::nanoseconds(std::max(count_.in_new, count_.in_cur));
  return changed + kTick < count_.read.time_since_epoch();
}

// What changes while it is read has another time afterwards: then it is not to be believed.
Result<void> CountedMailbox::read() {
  const auto before = maildir::change_times(mail_directory_, message_.path);
  auto found = maildir::usage(mail_directory_, message_.path, message_.base);
  if (!found) return pass_on(std::move(found.error()));
  const auto after = maildir::change_times(mail_directory_, message_.path);
  count_ = {
      .used = {found->octets, found->messages}, .read = now_, .forgotten = standing_.forgotten};
  set_times(before == after ? before : std::nullopt, count_);
  stored_already_ = found->holds;
  return {};
}

bool CountedMailbox::was_deleted() const {
  return maildir::was_deleted(mail_directory_, message_.path, message_.base).value_or(false);
}

// Who was promised room has it; others leave alone what was promised.
bool CountedMailbox::has_room(const quota::Amount& size) {
  refusal_ = {TurnedAway::Why::full, quota::reached(count_.used + size, message_.limit),
              count_.used};
  if (refusal_.reached != quota::Reached::nothing) return false;
  if (standing_.has_promise) return true;
  refusal_.why = TurnedAway::Why::promised;
  refusal_.reached = quota::reached(count_.used + size + standing_.promised, message_.limit);
  return refusal_.reached == quota::Reached::nothing;
}

// Whether nothing came between the count and the rename; what comes after it has another time.
bool CountedMailbox::is_alone(const maildir::Delivery::Renamed& renamed) const {
  return renamed.before && count_.in_new != 0 && renamed.before->in_new == count_.in_new &&
         renamed.before->in_cur == count_.in_cur;
}

CountedOutcome CountedMailbox::commit(maildir::Delivery& delivery,
                                      maildir::Delivery::Attempt attempt, maildir::Sync sync) {
  auto placed = delivery.commit(attempt, sync);
  if (!placed) return std::move(placed.error());
  if (stored_already_ || *placed == maildir::Placed::earlier) {
    rooms_.withdraw(message_.mailbox, message_.id);
    return Stored{*placed};
  }
  const quota::Amount before = count_.used;
  count_.used = before + quota::Amount{delivery.size(), 1};
  const std::uint64_t warned = warn(before, sync);
  set_times(warned == 0 && is_alone(delivery.renamed()) ? delivery.renamed().after : std::nullopt,
            count_);
  count_.limit = message_.limit;
  rooms_.delivered(message_.mailbox, message_.id, count_, now_);
  return Stored{*placed, warned};
}

// Where there is no room for it, the next delivery tries again.
std::uint64_t CountedMailbox::warn(const quota::Amount& before, maildir::Sync sync) {
  if (warnings_ == nullptr || warnings_->percentages.empty()) return 0;
  const auto& thresholds = warnings_->percentages;
  const std::uint64_t percent = quota::percent_of(before, message_.limit);
  const std::uint64_t told = standing_.told.value_or(quota::highest_reached(thresholds, percent));
  const auto telling =
      quota::telling(thresholds, told, percent, quota::percent_of(count_.used, message_.limit));
  std::uint64_t octets = 0;
  if (telling.now) {
    octets = store_warning(*warnings_, mail_directory_,
                           {message_.mailbox, message_.path, message_.id, count_.used,
                            message_.limit, standing_.promised, now_},
                           sync);
    if (octets > 0) count_.used = count_.used + quota::Amount{octets, 1};
  }
  const std::uint64_t told_now = telling.now && octets == 0 ? told : telling.told;
  if (told_now != told || !standing_.told) rooms_.set_told(message_.mailbox, told_now, now_);
  return octets > 0 ? telling.told : 0;
}

CountedOutcome CountedMailbox::turn_away(const quota::Amount& size) {
  if (!quota::fits(size, message_.limit)) refusal_.why = TurnedAway::Why::larger;
  rooms_.withdraw(message_.mailbox, message_.id);
  return refusal_;
}

}  // namespace postrider::deliverd
