// answer_cache.h - the answers given lately, in bounded memory.
//
// Two generations: new answers go into the young one; when it is full it becomes the old one, and
// what was old and not asked for since is forgotten. An address that is asked for often stays.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>

namespace postrider::directory {

template <typename Answer>
class AnswerCache {
 public:
  // Holds at most twice `generation` answers.
  explicit AnswerCache(std::size_t generation) : generation_(generation) {}

  // The answer kept for `address`, or null. Valid until the next call.
  const Answer* find(const std::string& address) {
    if (const auto it = young_.find(address); it != young_.end()) return &it->second;
    auto kept = old_.extract(address);
    if (kept.empty()) return nullptr;
    return &keep(address, std::move(kept.mapped()));
  }

  const Answer& keep(const std::string& address, Answer answer) {
    if (young_.size() >= generation_) old_ = std::exchange(young_, {});
    return young_.insert_or_assign(address, std::move(answer)).first->second;
  }

  void clear() {
    young_.clear();
    old_.clear();
  }

  std::size_t size() const noexcept { return young_.size() + old_.size(); }

 private:
  using Answers = std::unordered_map<std::string, Answer>;
  std::size_t generation_;
  Answers young_;
  Answers old_;
};

}  // namespace postrider::directory
