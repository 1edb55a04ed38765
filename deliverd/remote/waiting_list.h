// waiting_list.h - who waits for something, in the order in which they came: each stands in it
// once.
#pragma once

#include <list>
#include <unordered_map>

namespace postrider::deliverd {

template <typename T>
class WaitingList {
 public:
  bool empty() const noexcept { return order_.empty(); }
  // Precondition: not empty().
  T& front() const noexcept { return *order_.front(); }

  // At the end, unless it stands there: false.
  bool add(T& one) {
    const auto [place, fresh] = places_.try_emplace(&one);
    if (fresh) place->second = order_.insert(order_.end(), &one);
    return fresh;
  }
  void remove(T& one) {
    const auto place = places_.find(&one);
    if (place == places_.end()) return;
    order_.erase(place->second);
    places_.erase(place);
  }

  // Calls `each` in order as long as it gives true. It may remove the one it is called with.
  template <typename Each>
  void visit(Each each) {
    for (auto at = order_.begin(); at != order_.end();) {
      T& one = **at++;
      if (!each(one)) return;
    }
  }

 private:
  std::list<T*> order_;
  std::unordered_map<T*, typename std::list<T*>::iterator> places_;
};

}  // namespace postrider::deliverd
