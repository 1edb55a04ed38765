// short_memory.h - what was found out lately, by its key, and forgotten after a while.
//
// Bounded: what does not fit takes the place of what was found out longest ago.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace postrider {

template <typename Key, typename Value>
class ShortMemory {
 public:
  // Times are those of one clock that never goes back.
  using Time = std::chrono::microseconds;

  ShortMemory(Time lifetime, std::size_t limit) : lifetime_(lifetime), limit_(limit) {}

  void remember(const Key& key, Value value, Time now) {
    forget(key);
    if (places_.size() == limit_) {
      places_.erase(entries_.front().key);
      entries_.pop_front();
    }
    places_[key] = entries_.insert(entries_.end(), Entry{key, std::move(value), now});
  }

  void forget(const Key& key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    entries_.erase(place->second);
    places_.erase(place);
  }

  // What was found out within the lifetime, or null.
  const Value* recall(const Key& key, Time now) const {
    const auto place = places_.find(key);
    if (place == places_.end() || now - place->second->when >= lifetime_) return nullptr;
    return &place->second->value;
  }

  // The same, and forgets it.
  std::optional<Value> take(const Key& key, Time now) {
    const auto place = places_.find(key);
    if (place == places_.end()) return std::nullopt;
    std::optional<Value> value;
    if (now - place->second->when < lifetime_) value = std::move(place->second->value);
    forget(key);
    return value;
  }

  std::size_t size() const noexcept { return places_.size(); }

 private:
  struct Entry {
    Key key;
    Value value;
    Time when;
  };

  const Time lifetime_;
  const std::size_t limit_;
  std::list<Entry> entries_;  // the oldest first
  std::map<Key, typename std::list<Entry>::iterator> places_;
};

}  // namespace postrider
