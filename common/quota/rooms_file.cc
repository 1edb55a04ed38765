#include "common/quota/rooms_file.h"

#include <algorithm>
#include <tuple>

namespace postrider::quota {

namespace {

// A name, or a key, lies in one of so many neighbours.
constexpr std::size_t kWays = 16;

std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

std::uint64_t Rooms::File::key_of(std::string_view mailbox, std::string_view holder) const {
  std::string both(mailbox);
  both += '\0';
  both += holder;
  return hash("promise", both);
}

Rooms::Row* Rooms::File::find(std::string_view mailbox) const {
  if (mailbox.empty() || mailbox.size() > kMaxName) return nullptr;
  Row* const first = rows() + hash("mailbox", mailbox) % (kRows / kWays) * kWays;
  Row* const found =
      std::find_if(first, first + kWays, [&](const Row& row) { return row.text() == mailbox; });
  return found == first + kWays ? nullptr : found;
}

// An empty row goes first, then the one that was touched longest ago; none with promises. When the
// mailbox of a new row was last forgotten nobody knows: no later than any without a row.
Rooms::Row* Rooms::File::find_or_make(std::string_view mailbox, WallTime now) const {
  if (mailbox.empty() || mailbox.size() > kMaxName) return nullptr;
  Row* row = find(mailbox);
  if (row == nullptr) {
    Row* const first = rows() + hash("mailbox", mailbox) % (kRows / kWays) * kWays;
    const auto worth = [](const Row& one) {
      return std::tuple(one.promised.messages > 0, one.name[0] != '\0', one.touched);
    };
    row = std::min_element(first, first + kWays,
                           [&](const Row& a, const Row& b) { return worth(a) < worth(b); });
    if (row->promised.messages > 0) return nullptr;
    header().rowless = std::max(header().rowless, row->forgotten);
    *row = {};
    row->forgotten = header().rowless;
    mailbox.copy(row->name, kMaxName);
  }
  row->touched = count(now);
  return row;
}

Rooms::Promise* Rooms::File::find_promise(std::uint64_t key) const {
  Promise* const first = promises() + key % (kPromises / kWays) * kWays;
  Promise* const found =
      std::find_if(first, first + kWays, [&](const Promise& one) { return one.key == key; });
  return found == first + kWays ? nullptr : found;
}

// Where there is no place, the room was granted all the same.
void Rooms::File::keep_promise(std::uint64_t key, std::uint64_t octets, Row& row,
                               WallTime until) const {
  end_promise(key);
  Promise* const first = promises() + key % (kPromises / kWays) * kWays;
  Promise* const place =
      std::find_if(first, first + kWays, [](const Promise& one) { return one.key == 0; });
  if (place == first + kWays) return;
  *place = {key, octets, count(until), static_cast<std::uint64_t>(&row - rows())};
  row.promised = row.promised + Amount{octets, 1};
}

void Rooms::File::end_promise(Promise& promise) const {
  if (promise.row < kRows) {
    Row& row = rows()[promise.row];
    row.promised = row.promised - Amount{promise.octets, 1};
  }
  promise = {};
}

// What lasts longer than any promise is from a clock that was set back since.
void Rooms::File::sweep(WallTime now, std::chrono::seconds interval) const {
  const std::int64_t since = count(now) - header().swept;
  if (since >= 0 && since < std::chrono::microseconds(interval).count()) return;
  header().swept = count(now);
  for (Promise* one = promises(); one != promises() + kPromises; ++one)
    if (one->key != 0 && (one->until <= count(now) || one->until > count(now + kAccepted)))
      end_promise(*one);
}

// Of a file of which some pages are older than others, no count of the forgotten may be ahead of
// the header's: such a mailbox would never be known again.
void Rooms::File::repair() const {
  Header& head = header();
  head.forgotten = std::max(head.forgotten, head.rowless);
  for (Row* row = rows(); row != rows() + kRows; ++row) {
    head.forgotten = std::max(head.forgotten, row->forgotten);
    row->counted = 0;
    row->promised = {};
  }
  for (Promise* one = promises(); one != promises() + kPromises; ++one) {
    if (one->key == 0) continue;
    if (one->row >= kRows || rows()[one->row].name[0] == '\0') {
      *one = {};
    } else {
      Row& row = rows()[one->row];
      row.promised = row.promised + Amount{one->octets, 1};
    }
  }
}

}  // namespace postrider::quota
