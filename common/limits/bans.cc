#include "common/limits/bans.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>

#include "common/limits/shared_file.h"

namespace postrider::limits {

namespace {

constexpr std::uint64_t kMagic = 0x31304e4142525050;  // "PPRBAN01"
// A name lies in one of so many neighbours.
constexpr std::size_t kWays = 16;
// A row with less is as one without failures.
constexpr double kFaded = 0.05;

std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t count) { return WallTime(WallTime::duration(count)); }

}  // namespace

std::string_view name_of(BanKind kind) noexcept {
  return kind == BanKind::address ? "address" : "account";
}

struct Bans::Row {
  std::uint32_t kind;  // a BanKind; 0: empty
  float failures;
  std::int64_t last_failure;  // microseconds since 1970, as banned_until
  std::int64_t banned_until;
  char name[kMaxName];

  std::string_view text() const { return {name, ::strnlen(name, kMaxName)}; }
  bool is(BanKind k, std::string_view n) const {
    return kind == static_cast<std::uint32_t>(k) && text() == n;
  }
  bool in_force(WallTime now) const { return banned_until > count(now); }

  double faded(std::chrono::seconds memory, WallTime now) const {
    const double age = std::chrono::duration<double>(now - time_of(last_failure)).count();
    if (age <= 0) return failures;  // the clock may have been set back
    return failures * std::exp(-age / std::chrono::duration<double>(memory).count());
  }

  BanRow shown(std::chrono::seconds memory, WallTime now) const {
    BanRow row{static_cast<BanKind>(kind), std::string(text()), faded(memory, now),
               time_of(last_failure), std::nullopt};
    if (in_force(now)) row.banned_until = time_of(banned_until);
    return row;
  }
};

struct Bans::File {
  struct Header {
    std::uint64_t magic;
    SharedFile::HashKey hash_key;
    std::atomic<std::int64_t> last_end;  // of a ban: behind it nobody is banned
  };
  static constexpr std::size_t kSize = SharedFile::kHeaderSize + kRows * sizeof(Row);
  static_assert(sizeof(Header) <= SharedFile::kHeaderSize);

  explicit File(SharedFile opened) : file(std::move(opened)) {}

  Header& header() const { return *reinterpret_cast<Header*>(file.memory()); }
  Row* rows() const { return reinterpret_cast<Row*>(file.memory() + SharedFile::kHeaderSize); }

  Row* place_of(BanKind kind, std::string_view name) const {
    const std::uint64_t hash = keyed_hash(header().hash_key, name_of(kind), name);
    return rows() + hash % (kRows / kWays) * kWays;
  }
  Row* find(BanKind kind, std::string_view name) const {
    Row* const first = place_of(kind, name);
    Row* const last = first + kWays;
    Row* const found = std::find_if(first, last, [&](const Row& r) { return r.is(kind, name); });
    return found == last ? nullptr : found;
  }
  Row& find_or_make(BanKind kind, std::string_view name, WallTime now) const;
  bool has_room(BanKind kind, std::string_view name, WallTime now) const {
    Row* const first = place_of(kind, name);
    return std::any_of(first, first + kWays,
                       [&](const Row& row) { return row.is(kind, name) || !row.in_force(now); });
  }
  void set_ban(Row& row, WallTime until) const {
    row.banned_until = count(until);
    header().last_end = std::max(header().last_end.load(), row.banned_until);
  }

  SharedFile file;
};

// An empty row goes first, then one without a ban in force, then the one whose ban ends first.
Bans::Row& Bans::File::find_or_make(BanKind kind, std::string_view name, WallTime now) const {
  if (Row* const known = find(kind, name)) return *known;
  Row* const first = place_of(kind, name);
  const auto worth = [now](const Row& row) {
    return std::tuple(row.kind != 0, row.in_force(now) ? row.banned_until : 0, row.last_failure);
  };
  Row& row = *std::min_element(first, first + kWays,
                               [&](const Row& a, const Row& b) { return worth(a) < worth(b); });
  row = {};
  row.kind = static_cast<std::uint32_t>(kind);
  name.copy(row.name, kMaxName);
  return row;
}

Result<Bans> Bans::open(const std::string& path) {
  return reserved(SharedFile::open(path, File::kSize, kMagic), path);
}

Result<Bans> Bans::open_existing(const std::string& path) {
  return reserved(SharedFile::open_existing(path, File::kSize, kMagic), path);
}

Result<Bans> Bans::reserved(Result<SharedFile> opened, const std::string& path) {
  if (!opened) return pass_on(std::move(opened.error()));
  auto file = std::make_unique<File>(std::move(*opened));
  if (auto room = file->file.reserve(0, File::kSize); !room)
    return postrider::fail(room.error().kind, path + ": " + room.error().text);
  return Bans(std::move(file));
}

Bans::Bans() : file_(std::make_unique<File>(SharedFile(File::kSize, kMagic))) {}
Bans::Bans(std::unique_ptr<File> file) : file_(std::move(file)) {}
Bans::Bans(Bans&&) noexcept = default;
Bans& Bans::operator=(Bans&&) noexcept = default;
Bans::~Bans() = default;

Result<BanRow> Bans::fail(BanKind kind, std::string_view name, const BanLimits& limits,
                          WallTime now) {
  name = name.substr(0, kMaxName);
  const auto lock = file_->file.lock();
  if (!lock) return pass_on(lock.error());
  if (!file_->has_room(kind, name, now)) return BanRow{kind, std::string(name), 1, now};
  Row& row = file_->find_or_make(kind, name, now);
  const bool was_banned = row.in_force(now);
  row.failures = static_cast<float>(row.faded(limits.memory, now) + 1);
  row.last_failure = count(now);
  if (limits.failures > 0 && row.failures > limits.failures)
    file_->set_ban(row, std::max(time_of(row.banned_until), now + limits.duration));
  BanRow shown = row.shown(limits.memory, now);
  shown.begins = shown.banned_until && !was_banned;
  return shown;
}

Result<std::optional<WallTime>> Bans::banned_until(BanKind kind, std::string_view name,
                                                   WallTime now) const {
  std::optional<WallTime> until;
  if (count(now) >= file_->header().last_end) return until;
  const auto lock = file_->file.lock();
  if (!lock) return pass_on(lock.error());
  const Row* const row = file_->find(kind, name.substr(0, kMaxName));
  if (row != nullptr && row->in_force(now)) until = time_of(row->banned_until);
  return until;
}

Result<std::vector<BanRow>> Bans::list(std::chrono::seconds memory, WallTime now) const {
  std::vector<Row> rows;
  {
    // Copied alone: daemons wait for the lock.
    const auto lock = file_->file.lock();
    if (!lock) return pass_on(lock.error());
    rows.assign(file_->rows(), file_->rows() + kRows);
  }
  std::vector<BanRow> found;
  for (const Row& row : rows) {
    if (row.kind == 0) continue;
    if (row.in_force(now) || row.faded(memory, now) > kFaded)
      found.push_back(row.shown(memory, now));
  }
  std::sort(found.begin(), found.end(), [](const BanRow& a, const BanRow& b) {
    return std::tuple(!a.banned_until, a.kind, a.name) <
           std::tuple(!b.banned_until, b.kind, b.name);
  });
  return found;
}

Result<void> Bans::ban(BanKind kind, std::string_view name, WallTime until, WallTime now) {
  const auto lock = file_->file.lock();
  if (!lock) return pass_on(lock.error());
  file_->set_ban(file_->find_or_make(kind, name.substr(0, kMaxName), now), until);
  return {};
}

Result<bool> Bans::lift(BanKind kind, std::string_view name) {
  const auto lock = file_->file.lock();
  if (!lock) return pass_on(lock.error());
  Row* const row = file_->find(kind, name.substr(0, kMaxName));
  if (row == nullptr) return false;
  *row = {};
  return true;
}

}  // namespace postrider::limits
