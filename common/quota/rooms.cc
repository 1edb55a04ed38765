#include "common/quota/rooms.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "common/base/boot_id.h"
#include "common/quota/rooms_file.h"
#include "common/quota/turn.h"

namespace postrider::quota {

namespace {

constexpr std::uint64_t kMagic = 0x33304d4f4f525250;  // "PRROOM03"
// How often promises whose time is over are looked for: at all, and before a refusal.
constexpr std::chrono::seconds kSweep{60};
constexpr std::chrono::seconds kSweepBeforeRefusal{1};
// Before all who ask for a count because of a refusal.
constexpr std::int64_t kLongAgo = 1;

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t count) { return WallTime(WallTime::duration(count)); }

bool within(WallTime since, std::chrono::seconds lifetime, WallTime now) {
  return since <= now && now - since <= lifetime;
}

template <typename File, typename Row>
void want_count(const File& file, Row& row, WallTime now) {
  if (row.wanted == 0) row.wanted = micros(now);
  file.header().wanted = 1;
}

}  // namespace

// The lock, and the mark that tells of a death within it.
class Rooms::Change {
 public:
  explicit Change(const File& file) : file_(file), thread_(file.mutex), lock_(file.shared.lock()) {
    if (!lock_) return;
    if (file.header().changing.exchange(1) != 0) file.repair();
  }
  ~Change() {
    if (lock_) file_.header().changing.store(0);
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  // Else another process keeps it: nothing may be touched.
  explicit operator bool() const { return lock_.has_value(); }

 private:
  const File& file_;
  const std::lock_guard<std::mutex> thread_;
  const Result<limits::SharedFile::Lock> lock_;
};

template <typename Opened>
Result<Rooms> Rooms::reserved(Opened opened, const std::string& path) {
  if (!opened) return pass_on(std::move(opened.error()));
  auto file = std::make_unique<File>(std::move(*opened));
  if (auto room = file->shared.reserve(0, File::kSize); !room)
    return fail(room.error().kind, path + ": " + room.error().text);
  const std::uint64_t boot = file->hash("boot", boot_id());
  if (const Change change(*file); change && file->header().boot != boot) {
    file->repair();  // on a disk, of which a power cut left some of the pages
    file->header().boot = boot;
  }
  return Rooms(std::move(file));
}

Result<Rooms> Rooms::open(const std::string& path) {
  return reserved(limits::SharedFile::open(path, File::kSize, kMagic), path);
}

Result<Rooms> Rooms::open_existing(const std::string& path) {
  return reserved(limits::SharedFile::open_existing(path, File::kSize, kMagic), path);
}

Rooms::Rooms() : file_(std::make_unique<File>(limits::SharedFile(File::kSize, kMagic))) {}
Rooms::Rooms(std::unique_ptr<File> file) : file_(std::move(file)) {}
Rooms::Rooms(Rooms&&) noexcept = default;
Rooms& Rooms::operator=(Rooms&&) noexcept = default;
Rooms::~Rooms() = default;

// ---- Promises ----

Grant Rooms::judge(const File& file, Row& row, const Amount& amount, const Amount& limit,
                   WallTime now) {
  const bool was_counted = row.counted != 0;
  const Amount used = was_counted ? row.used : Amount{};
  if (fits(used + row.promised + amount, limit)) return Grant::granted;
  file.sweep(now, kSweepBeforeRefusal);
  if (fits(used + row.promised + amount, limit)) return Grant::granted;
  if (!fits(amount, limit)) return Grant::larger;
  want_count(file, row, now);
  const bool fresh = was_counted && within(time_of(row.counted), kFresh, now);
  if (fresh && !fits(used + amount, limit)) return Grant::full;
  const bool nobody_counts = !within(time_of(row.wanted), kPatience, now);
  const bool unknown = !was_counted || (!fresh && nobody_counts);
  return unknown && fits(row.promised + amount, limit) ? Grant::granted : Grant::full_for_now;
}

Rooms::Judgement Rooms::ask(const File& file, std::string_view mailbox, const Amount& amount,
                            const Amount& limit, WallTime now) {
  file.sweep(now, kSweep);
  Row* const row = file.find_or_make(mailbox, now);
  if (row == nullptr) return {};
  row->limit = limit;
  if (row->counted == 0) want_count(file, *row, now);
  return {judge(file, *row, amount, limit, now), row};
}

Grant Rooms::promise(std::string_view mailbox, std::string_view token, const Amount& amount,
                     const Amount& limit, WallTime now) {
  const std::uint64_t key = file_->key_of(mailbox, token);
  return promise(mailbox, key, key, amount, limit, now, now + kHeld);
}

Grant Rooms::accept(std::string_view mailbox, std::string_view token, std::string_view id,
                    const Amount& amount, const Amount& limit, WallTime now) {
  return promise(mailbox, file_->key_of(mailbox, token), file_->key_of(mailbox, id), amount, limit,
                 now, now + kAccepted);
}

Grant Rooms::promise(std::string_view mailbox, std::uint64_t before, std::uint64_t key,
                     const Amount& amount, const Amount& limit, WallTime now, WallTime until) {
  const Change change(*file_);
  if (!change) return Grant::granted;
  file_->end_promise(before);
  file_->end_promise(key);
  const auto [grant, row] = ask(*file_, mailbox, amount, limit, now);
  if (row != nullptr && grant == Grant::granted)
    file_->keep_promise(key, amount.octets, *row, until);
  return grant;
}

Grant Rooms::would_promise(std::string_view mailbox, const Amount& amount, const Amount& limit,
                           WallTime now) {
  const Change change(*file_);
  return change ? ask(*file_, mailbox, amount, limit, now).grant : Grant::granted;
}

void Rooms::withdraw(std::string_view mailbox, std::string_view to) {
  const std::uint64_t key = file_->key_of(mailbox, to);
  if (const Change change(*file_); change) file_->end_promise(key);
}

void Rooms::renew(std::string_view mailbox, std::string_view id, WallTime now) {
  const std::uint64_t key = file_->key_of(mailbox, id);
  const Change change(*file_);
  if (!change) return;
  if (Promise* const promise = file_->find_promise(key)) promise->until = micros(now + kAccepted);
}

// ---- Counts ----

Rooms::Standing Rooms::look(std::string_view mailbox, std::string_view id) const {
  Standing standing;
  const std::uint64_t key = file_->key_of(mailbox, id);
  const Change change(*file_);
  if (!change) return standing;
  standing.forgotten = file_->header().forgotten;
  const Row* const row = file_->find(mailbox);
  if (row == nullptr) return standing;
  standing.promised = row->promised;
  if (row->told > 0) standing.told = row->told - 1;
  if (const Promise* const own = file_->find_promise(key)) {
    standing.has_promise = true;
    standing.promised = standing.promised - Amount{own->octets, 1};
  }
  if (row->counted == 0) return standing;
  standing.counted = time_of(row->counted);
  standing.count =
      Count{row->used, row->in_new, row->in_cur, time_of(row->read), {}, standing.forgotten};
  return standing;
}

void Rooms::counted(std::string_view mailbox, const Count& count, WallTime now) {
  delivered(mailbox, {}, count, now);
}

void Rooms::delivered(std::string_view mailbox, std::string_view id, const Count& count,
                      WallTime now) {
  const std::uint64_t key = file_->key_of(mailbox, id);
  const Change change(*file_);
  if (!change) return;
  if (!id.empty()) file_->end_promise(key);
  Row* const row = file_->find_or_make(mailbox, now);
  if (row == nullptr) return;
  row->used = count.used;
  row->in_new = count.in_new;
  row->in_cur = count.in_cur;
  row->read = micros(count.read);
  if (limits_something(count.limit)) row->limit = count.limit;
  const bool known = row->forgotten <= count.forgotten;
  row->counted = known ? micros(now) : 0;
  row->wanted = known ? 0 : kLongAgo;
  if (!known) file_->header().wanted = 1;
}

void Rooms::not_counted(std::string_view mailbox) {
  const Change change(*file_);
  if (!change) return;
  Row* const row = file_->find(mailbox);
  if (row == nullptr) return;
  row->counted = 0;
  row->wanted = 0;
}

void Rooms::not_counted_yet(std::string_view mailbox, WallTime now) {
  const Change change(*file_);
  if (!change) return;
  Row* const row = file_->find(mailbox);
  if (row == nullptr) return;
  row->wanted = micros(now);
  file_->header().wanted = 1;
}

void Rooms::set_told(std::string_view mailbox, std::uint64_t percent, WallTime now) {
  const Change change(*file_);
  if (!change) return;
  if (Row* const row = file_->find_or_make(mailbox, now)) row->told = percent + 1;
}

void Rooms::forget(std::string_view mailbox) {
  const Change change(*file_);
  if (!change) return;
  auto& header = file_->header();
  ++header.forgotten;
  Row* const row = file_->find(mailbox);
  if (row == nullptr) {
    header.rowless = header.forgotten;
    return;
  }
  row->forgotten = header.forgotten;
  row->counted = 0;
  row->wanted = kLongAgo;
  header.wanted = 1;
}

bool Rooms::is_count_wanted() const noexcept { return file_->header().wanted != 0; }

std::vector<std::string> Rooms::wanted(std::size_t most) const {
  std::vector<const Row*> rows;
  std::vector<std::string> found;
  const Change change(*file_);
  if (!change) return found;
  for (const Row* row = file_->rows(); row != file_->rows() + kRows; ++row)
    if (row->wanted != 0 && row->name[0] != '\0') rows.push_back(row);
  file_->header().wanted = rows.size() > most ? 1 : 0;
  std::sort(rows.begin(), rows.end(),
            [](const Row* a, const Row* b) { return a->wanted < b->wanted; });
  rows.resize(std::min(rows.size(), most));
  for (const Row* row : rows) found.emplace_back(row->text());
  return found;
}

std::vector<Room> Rooms::list() const {
  std::vector<Room> found;
  const Change change(*file_);
  if (!change) return found;
  for (const Row* row = file_->rows(); row != file_->rows() + kRows; ++row)
    if (row->counted != 0 && row->name[0] != '\0')
      found.push_back(
          {std::string(row->text()), row->used, row->limit, row->promised, time_of(row->counted)});
  return found;
}

// ---- Turns ----

Result<Rooms::Turn> Rooms::take_turn(std::string_view mailbox,
                                     std::chrono::milliseconds patience) const {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 1'000'000};
  const std::size_t turn = file_->hash("turn", mailbox) % File::kTurns;
  const std::size_t octet = 1 + turn;
  std::unique_lock<std::timed_mutex> thread(file_->turns[turn], patience);
  if (!thread.owns_lock())
    return fail(ErrorKind::temporary, "another thread keeps delivering into the mailbox");
  for (std::int64_t tries = 1; !file_->shared.try_lock(octet); ++tries) {
    if (errno != EAGAIN && errno != EACCES) return fail_errno("lock of the mailbox", errno);
    if (tries > patience.count())
      return fail(ErrorKind::temporary, "another process keeps delivering into the mailbox");
    ::nanosleep(&kPause, nullptr);
  }
  return Turn(*file_, octet, std::move(thread));
}

Rooms::Turn::~Turn() {
  if (file_ != nullptr) file_->shared.unlock(octet_);
}

}  // namespace postrider::quota
