#include "queued/line.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider::queued {

namespace {

bool is_light(const Work& work) {
  const MessageData& data = work.message->data;
  return data.content_length <= Line::kLightOctets &&
         data.recipients.size() <= Line::kLightRecipients;
}

void move_last(std::deque<Work>& from, std::size_t count, std::vector<Work>& to) {
  for (; count > 0 && !from.empty(); --count) {
    to.push_back(std::move(from.back()));
    from.pop_back();
  }
}

}  // namespace

void Line::push(Work work) {
  (is_light(work) ? light_ : heavy_).push_back(std::move(work));
}

Work Line::pop() {
  const bool heavy = light_.empty() || (!heavy_.empty() && light_turns_ >= kLightPerHeavy);
  light_turns_ = heavy || heavy_.empty() ? 0 : light_turns_ + 1;
  std::deque<Work>& row = heavy ? heavy_ : light_;
  Work work = std::move(row.front());
  row.pop_front();
  return work;
}

std::vector<Work> Line::take_last(std::size_t count) {
  std::vector<Work> taken;
  move_last(heavy_, count, taken);
  move_last(light_, count - taken.size(), taken);
  return taken;
}

std::vector<Work> Line::withdraw(const std::unordered_set<const Message*>& messages) {
  std::vector<Work> taken;
  for (std::deque<Work>* const row : {&light_, &heavy_}) {
    const auto kept = std::stable_partition(row->begin(), row->end(), [&](const Work& work) {
      return !messages.contains(work.message);
    });
    taken.insert(taken.end(), std::make_move_iterator(kept), std::make_move_iterator(row->end()));
    row->erase(kept, row->end());
  }
  return taken;
}

}  // namespace postrider::queued
