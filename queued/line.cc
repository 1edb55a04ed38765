#include "queued/line.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider::queued {

namespace {

enum : std::size_t { kUrgent, kLight, kHeavy };

std::size_t row_of(const Work& work) {
  const MessageData& data = work.message->data;
  const auto priority = data.envelope.priority();
  if (priority > 0) return kUrgent;
  const bool light = priority == 0 && data.content_length <= Line::kLightOctets &&
                     data.recipients.size() <= Line::kLightRecipients;
  return light ? kLight : kHeavy;
}

void move_last(std::deque<Work>& from, std::size_t count, std::vector<Work>& to) {
  for (; count > 0 && !from.empty(); --count) {
    to.push_back(std::move(from.back()));
    from.pop_back();
  }
}

}  // namespace

std::size_t Line::size() const noexcept {
  std::size_t size = 0;
  for (const Row& row : rows_) size += row.works.size();
  return size;
}

bool Line::any_behind(std::size_t row) const noexcept {
  return std::any_of(rows_.begin() + static_cast<std::ptrdiff_t>(row) + 1, rows_.end(),
                     [](const Row& behind) { return !behind.works.empty(); });
}

void Line::push(Work work) { rows_[row_of(work)].works.push_back(std::move(work)); }

void Line::put_back(Work work) {
  auto& works = rows_[row_of(work)].works;
  const auto before = std::find_if(works.begin(), works.end(), [&](const Work& other) {
    return other.ordinal == 0 || other.ordinal > work.ordinal;
  });
  works.insert(before, std::move(work));
}

Work Line::pop() {
  std::size_t at = 0;
  while (true) {
    Row& row = rows_[at];
    const bool others = any_behind(at);
    if (!row.works.empty() && !(others && row.turns >= kTurns)) {
      row.turns = others ? row.turns + 1 : 0;
      Work work = std::move(row.works.front());
      row.works.pop_front();
      return work;
    }
    row.turns = 0;
    ++at;
  }
}

std::vector<Work> Line::take_last(std::size_t count) {
  std::vector<Work> taken;
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row)
    move_last(row->works, count - taken.size(), taken);
  return taken;
}

std::vector<Work> Line::withdraw(const std::unordered_set<const Message*>& messages) {
  std::vector<Work> taken;
  for (auto& [works, turns] : rows_) {
    const auto kept = std::stable_partition(works.begin(), works.end(), [&](const Work& work) {
      return !messages.contains(work.message);
    });
    taken.insert(taken.end(), std::make_move_iterator(kept), std::make_move_iterator(works.end()));
    works.erase(kept, works.end());
  }
  return taken;
}

}  // namespace postrider::queued
