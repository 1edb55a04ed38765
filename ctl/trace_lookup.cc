#include "ctl/trace_lookup.h"

#include <algorithm>
#include <utility>

#include "common/base/message_id.h"

namespace postrider::ctl {

namespace {

// Lives that are in memory at once.
constexpr std::size_t kPortion = 10'000;

Result<TraceFindings> found_one(trace::Search& search, trace::Life life) {
  auto losses = search.losses(life.events.front().time, life.events.back().time);
  if (!losses) return pass_on(std::move(losses.error()));
  return TraceFindings{.life = std::move(life), .losses = std::move(*losses), .messages = {}};
}

Result<std::vector<TracedMessage>> outcomes_of(trace::Search& search,
                                               const std::vector<trace::Subject>& subjects) {
  std::vector<TracedMessage> messages;
  for (std::size_t from = 0; from < subjects.size(); from += kPortion) {
    const std::size_t to = std::min(from + kPortion, subjects.size());
    const auto at = [&](std::size_t i) {
      return subjects.begin() + static_cast<std::ptrdiff_t>(i);
    };
    const auto lives = search.lives({at(from), at(to)});
    if (!lives) return pass_on(lives.error());
    for (const trace::Life& life : *lives)
      if (!life.events.empty()) messages.push_back({life.id, outcome_of(life)});
  }
  return messages;
}

}  // namespace

Result<TraceFindings> look_up_trace(const std::string& data_directory, const TraceQuery& query) {
  auto search = trace::Search::open(data_directory);
  if (!search) return pass_on(std::move(search.error()));
  if (MessageId::parse(query.what)) {
    auto life = search->whole_life(query.what);
    if (!life) return pass_on(std::move(life.error()));
    if (!life->events.empty()) return found_one(*search, std::move(*life));
  }
  auto subjects = search->find(trace::plain_name(query.what), query.since, query.most + 1);
  if (!subjects) return pass_on(std::move(subjects.error()));
  const bool cut_off = subjects->size() > query.most;
  if (cut_off) subjects->resize(query.most);
  auto messages = outcomes_of(*search, *subjects);
  if (!messages) return pass_on(std::move(messages.error()));
  if (messages->size() == 1 && !query.as_list) {
    auto life = search->whole_life(messages->front().id);
    if (!life) return pass_on(std::move(life.error()));
    if (!life->events.empty()) return found_one(*search, std::move(*life));
  }
  return TraceFindings{
      .life = {}, .losses = {}, .messages = std::move(*messages), .cut_off = cut_off};
}

}  // namespace postrider::ctl
