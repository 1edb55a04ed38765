#include "common/limits/tally.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "common/limits/shared_file.h"

namespace postrider::limits {

namespace {

constexpr std::uint64_t kTallyMagic = 0x31304c4154505250;  // "PRPTAL01"
// A key lies in one of so many neighbours.
constexpr std::size_t kTallyWays = 8;
// What time is told in: 32 bits of it are 17 years.
constexpr std::chrono::milliseconds kTick{125};

// How many events, faded to `tick`.
struct Level {
  float events = 0;
  std::uint32_t tick = 0;
};

std::uint32_t tick_of(WallTime time) {
  return static_cast<std::uint32_t>(time.time_since_epoch() / kTick);
}

double faded(Level level, std::chrono::seconds period, std::uint32_t tick) {
  const auto age = static_cast<std::int32_t>(tick - level.tick);
  if (age <= 0) return level.events;  // the clock may have been set back
  return level.events * std::exp(-age * std::chrono::duration<double>(kTick) / period);
}

}  // namespace

struct Tally::Slot {
  std::atomic<std::uint64_t> hash;   // 0: empty
  std::atomic<std::uint64_t> level;  // a Level
  std::atomic<std::uint32_t> present;
  std::atomic<std::uint32_t> touched;  // tick
};

struct Tally::File {
  struct Header {
    std::uint64_t magic;
    SharedFile::HashKey hash_key;
    std::atomic<std::uint64_t> taken;  // a bit for each part that counts: it is reserved
  };
  static constexpr std::size_t kPartSize = kSlots * sizeof(Slot);
  static constexpr std::size_t kSize = SharedFile::kHeaderSize + kParts * kPartSize;
  static_assert(sizeof(Header) <= SharedFile::kHeaderSize);

  explicit File(SharedFile opened) : file(std::move(opened)) {}

  Header& header() const { return *reinterpret_cast<Header*>(file.memory()); }

  // The part is reserved and cleared without the header's lock, as others wait for that: this one's
  // own lock keeps it, and it counts when it is ready.
  Result<void> take_part() {
    if (auto found = lock_part(); !found) return found;
    if (auto reserved = file.reserve(offset_of(own), kPartSize); !reserved) return reserved;
    std::memset(file.memory() + offset_of(own), 0, kPartSize);
    header().taken |= bit_of(own);
    return {};
  }

  // The first part without a living owner; all others of that kind are no longer counted.
  Result<void> lock_part() {
    const auto lock = file.lock();
    if (!lock) return pass_on(lock.error());
    std::optional<std::size_t> found;
    for (std::size_t part = 0; part < kParts; ++part) {
      if (!file.try_lock(1 + part)) continue;
      header().taken &= ~bit_of(part);
      if (found) {
        file.unlock(1 + part);
      } else {
        found = part;
      }
    }
    if (!found) return fail(ErrorKind::temporary, "too many processes have it open");
    own = *found;
    return {};
  }

  static std::uint64_t bit_of(std::size_t part) { return std::uint64_t{1} << part; }
  static std::size_t offset_of(std::size_t part) {
    return SharedFile::kHeaderSize + part * kPartSize;
  }

  // Calls `use` with the slot of each part that knows the key.
  template <typename Use>
  void for_each(Key key, Use use) const {
    for (std::uint64_t left = header().taken; left != 0; left &= left - 1)
      if (const Slot* const slot = find(static_cast<std::size_t>(std::countr_zero(left)), key))
        use(*slot);
  }

  Slot* place_of(std::size_t part, Key key) const {
    return reinterpret_cast<Slot*>(file.memory() + offset_of(part)) +
           key.hash % (kSlots / kTallyWays) * kTallyWays;
  }

  Slot* find(std::size_t part, Key key) const {
    Slot* const first = place_of(part, key);
    for (std::size_t i = 0; i < kTallyWays; ++i)
      if (first[i].hash.load(std::memory_order_acquire) == key.hash) return first + i;
    return nullptr;
  }

  SharedFile file;
  std::size_t own = 0;
};

Result<Tally> Tally::open(const std::string& path) {
  auto shared = SharedFile::open(path, File::kSize, kTallyMagic);
  if (!shared) return pass_on(std::move(shared.error()));
  auto file = std::make_unique<File>(std::move(*shared));
  if (auto taken = file->take_part(); !taken)
    return fail(taken.error().kind, path + ": " + taken.error().text);
  return Tally(std::move(file));
}

Tally::Tally() : file_(std::make_unique<File>(SharedFile(File::kSize, kTallyMagic))) {
  file_->header().taken = 1;
}

Tally::Tally(std::unique_ptr<File> file) : file_(std::move(file)) {}
Tally::Tally(Tally&&) noexcept = default;
Tally& Tally::operator=(Tally&&) noexcept = default;
Tally::~Tally() = default;

Tally::Key Tally::key(std::string_view kind, std::string_view name) const {
  return {keyed_hash(file_->header().hash_key, kind, name)};
}

Tally::Slot* Tally::own(Key key, WallTime now) {
  const std::uint32_t tick = tick_of(now);
  Slot* slot = file_->find(file_->own, key);
  if (slot == nullptr) slot = make_room(key, tick);
  if (slot != nullptr) slot->touched.store(tick, std::memory_order_relaxed);
  return slot;
}

Tally::Slot* Tally::make_room(Key key, std::uint32_t tick) {
  Slot* const first = file_->place_of(file_->own, key);
  Slot* oldest = nullptr;
  std::int64_t greatest = -1;
  for (Slot* slot = first; slot != first + kTallyWays; ++slot) {
    if (slot->present.load(std::memory_order_relaxed) > 0) continue;
    const bool empty = slot->hash.load(std::memory_order_relaxed) == 0;
    const std::uint32_t age = tick - slot->touched.load(std::memory_order_relaxed);
    const std::int64_t rank = empty ? INT64_MAX : std::int64_t{age};
    if (rank <= greatest) continue;
    greatest = rank;
    oldest = slot;
  }
  if (oldest == nullptr) return nullptr;
  oldest->hash.store(0, std::memory_order_relaxed);
  oldest->level.store(std::bit_cast<std::uint64_t>(Level{}), std::memory_order_relaxed);
  oldest->hash.store(key.hash, std::memory_order_release);
  return oldest;
}

void Tally::enter(Key key, WallTime now) {
  if (Slot* const slot = own(key, now)) slot->present.fetch_add(1, std::memory_order_relaxed);
}

void Tally::leave(Key key) {
  Slot* const slot = file_->find(file_->own, key);
  if (slot != nullptr && slot->present.load(std::memory_order_relaxed) > 0)
    slot->present.fetch_sub(1, std::memory_order_relaxed);
}

std::uint64_t Tally::present(Key key) const {
  std::uint64_t sum = 0;
  file_->for_each(key,
                  [&](const Slot& slot) { sum += slot.present.load(std::memory_order_relaxed); });
  return sum;
}

void Tally::add(Key key, double n, std::chrono::seconds period, WallTime now) {
  Slot* const slot = own(key, now);
  if (slot == nullptr) return;
  const auto before = std::bit_cast<Level>(slot->level.load(std::memory_order_relaxed));
  const std::uint32_t tick = tick_of(now);
  const Level level{static_cast<float>(faded(before, period, tick) + n), tick};
  slot->level.store(std::bit_cast<std::uint64_t>(level), std::memory_order_relaxed);
}

double Tally::level(Key key, std::chrono::seconds period, WallTime now) const {
  double sum = 0;
  file_->for_each(key, [&](const Slot& slot) {
    sum += faded(std::bit_cast<Level>(slot.level.load(std::memory_order_relaxed)), period,
                 tick_of(now));
  });
  return sum;
}

}  // namespace postrider::limits
