#include "common/maildir/listing.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace postrider::maildir {

namespace {

std::uint64_t hash(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

std::string_view name_of(Folder folder) noexcept {
  return folder == Folder::in_new ? "new" : "cur";
}

void Listing::add(Folder folder, const FileName& name, std::int64_t seconds, std::uint64_t octets) {
  if (messages_.size() >= at_most_ + slack()) forget_newest();
  Message message{.seconds = seconds,
                  .octets = octets,
                  .name_begin = static_cast<std::uint32_t>(names_.size()),
                  .name_length = static_cast<std::uint16_t>(name.stem.size() + name.flags.size()),
                  .folder = folder,
                  .downgradable = name.downgraded_size.has_value()};
  find_id(message, name);
  messages_.push_back(message);
  names_.append(name.stem).append(name.flags);
}

void Listing::find_id(Message& message, const FileName& name) {
  constexpr std::size_t kMax = std::numeric_limits<std::uint8_t>::max();
  message.base_length = static_cast<std::uint16_t>(name.base.size());
  const std::string_view id = unique_id_within(name);
  const auto begin = static_cast<std::size_t>(id.empty() ? 0 : id.data() - name.stem.data());
  const bool fits = begin <= kMax && id.size() <= kMax;
  message.id_begin = static_cast<std::uint8_t>(fits ? begin : 0);
  message.id_length = static_cast<std::uint8_t>(fits ? id.size() : 0);
}

bool Listing::earlier(const Message& a, const Message& b) const {
  if (a.seconds != b.seconds) return a.seconds < b.seconds;
  return std::make_tuple(name(a), a.folder) < std::make_tuple(name(b), b.folder);
}

// Of messages in order.
void Listing::drop_newest() {
  if (messages_.size() <= at_most_) return;
  dropped_ += messages_.size() - at_most_;
  messages_.resize(at_most_);
}

void Listing::forget_newest() {
  const auto first_left = messages_.begin() + static_cast<std::ptrdiff_t>(at_most_);
  std::nth_element(messages_.begin(), first_left, messages_.end(),
                   [this](const Message& a, const Message& b) { return earlier(a, b); });
  drop_newest();
  std::string names;
  for (Message& message : messages_) {
    const std::size_t begin = names.size();
    names += name(message);
    message.name_begin = static_cast<std::uint32_t>(begin);
  }
  names_ = std::move(names);
}

std::vector<std::size_t> Listing::finish() {
  std::sort(messages_.begin(), messages_.end(),
            [this](const Message& a, const Message& b) { return earlier(a, b); });
  find_twins();
  std::vector<std::size_t> clashes = find_clashes();
  compact(clashes);
  drop_newest();
  const auto beyond = [this](std::size_t i) { return i >= messages_.size(); };
  clashes.erase(std::remove_if(clashes.begin(), clashes.end(), beyond), clashes.end());
  std::sort(twins_.begin(), twins_.end(), [this](const Message& a, const Message& b) {
    return message_key(base(a)) < message_key(base(b));
  });
  return clashes;
}

// Calls `act` with the numbers, in order, of each two or more messages of which `hash_of` is one.
template <typename HashOf, typename Act>
void Listing::for_each_same(HashOf hash_of, Act act) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> hashes;
  hashes.reserve(messages_.size());
  for (std::size_t i = 0; i < messages_.size(); ++i)
    if (!messages_[i].left_out) hashes.emplace_back(hash_of(i), static_cast<std::uint32_t>(i));
  std::sort(hashes.begin(), hashes.end());
  std::vector<std::size_t> same;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    same.push_back(hashes[i].second);
    if (i + 1 < hashes.size() && hashes[i + 1].first == hashes[i].first) continue;
    if (same.size() > 1) act(same);
    same.clear();
  }
}

// Of one key, one remains.
void Listing::find_twins() {
  const auto key = [this](std::size_t i) { return message_key(base(i)); };
  const auto rank = [&](std::size_t i) {
    return std::make_tuple(key(i), folder(i) != Folder::in_cur, i);
  };
  for_each_same([&](std::size_t i) { return hash(key(i)); },
                [&](std::vector<std::size_t>& same) {
                  std::sort(same.begin(), same.end(),
                            [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
                  for (std::size_t n = 1; n < same.size(); ++n) {
                    if (key(same[n]) != key(same[n - 1])) continue;
                    const Message& twin = messages_[same[n]];
                    const Message& before = messages_[same[n - 1]];
                    messages_[same[n]].left_out = true;
                    // Renamed while the folder was read, a file may be seen twice.
                    if (twin.folder != before.folder || name(twin) != name(before))
                      twins_.push_back(twin);
                  }
                });
}

// Of one unique-id, or, once in many lives, of one hash of it, all but the first.
std::vector<std::size_t> Listing::find_clashes() {
  std::vector<std::size_t> clashes;
  for_each_same(
      [this](std::size_t i) {
        const Message& message = messages_[i];
        return message.id_length == 0 ? hash(unique_id(i)) : hash(id(message));
      },
      [&](const std::vector<std::size_t>& same) {
        clashes.insert(clashes.end(), same.begin() + 1, same.end());
      });
  std::sort(clashes.begin(), clashes.end());
  return clashes;
}

// Takes out what is left out; `numbers`, in order, are those of messages before and after.
void Listing::compact(std::vector<std::size_t>& numbers) {
  std::size_t to = 0;
  auto number = numbers.begin();
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (number != numbers.end() && *number == i) *number++ = to;
    if (!messages_[i].left_out) messages_[to++] = messages_[i];
  }
  messages_.resize(to);
}

void Listing::rename(std::size_t i, std::string_view file_name) {
  Message& message = messages_[i];
  message.name_begin = static_cast<std::uint32_t>(names_.size());
  message.name_length = static_cast<std::uint16_t>(file_name.size());
  find_id(message, FileName::parse(file_name));
  names_ += file_name;
}

// Behind a copy of the name: no name of a file is longer than 255 octets.
void Listing::give_id(std::size_t i, std::string_view id) {
  Message& message = messages_[i];
  const std::string file_name(name(message));
  message.name_begin = static_cast<std::uint32_t>(names_.size());
  message.id_begin = static_cast<std::uint8_t>(file_name.size());
  message.id_length = static_cast<std::uint8_t>(id.size());
  names_.append(file_name).append(id);
}

void Listing::leave_out(const std::vector<std::size_t>& messages) {
  for (const std::size_t i : messages) messages_[i].left_out = true;
  for (const std::size_t i : find_clashes()) messages_[i].left_out = true;
  std::vector<std::size_t> none;
  compact(none);
}

std::uint64_t Listing::octets(std::size_t i, Form form) const {
  const Message& message = messages_[i];
  if (!differs(i, form)) return message.octets;
  return FileName::parse(name(message)).downgraded_size.value_or(message.octets);
}

std::string Listing::unique_id(std::size_t i) const {
  const Message& message = messages_[i];
  if (message.id_length == 0) return maildir::unique_id(FileName::parse(name(message)));
  return std::string(id(message));
}

std::vector<Listing::Twin> Listing::twins(std::size_t i) const {
  const std::string_view key = message_key(base(i));
  auto twin = std::lower_bound(
      twins_.begin(), twins_.end(), key,
      [this](const Message& a, std::string_view b) { return message_key(base(a)) < b; });
  std::vector<Twin> found;
  for (; twin != twins_.end() && message_key(base(*twin)) == key; ++twin)
    found.push_back({twin->folder, name(*twin)});
  return found;
}

}  // namespace postrider::maildir
