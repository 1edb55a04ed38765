#include "common/spool/writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/event/answer_later.h"
#include "common/spool/committer.h"
#include "common/spool/large_file.h"

namespace postrider::spool {

namespace {

// How long an answer of statvfs() is believed, less what was accepted meanwhile.
constexpr std::chrono::seconds kSpaceBelieved{1};

// What is gathered of a large message before it is written.
constexpr std::size_t kPortion = std::size_t{64} * 1024;

constexpr log::Condition::Words kFull{"spool_full", "spool_has_room",
                                      "mail is refused with a temporary reply until there is room"};
constexpr log::Condition::Words kLargeFailing{
    "large_message_not_written", "large_message_written",
    "large messages are refused with a temporary reply until a write succeeds"};

class Cancel final : public Pending {
 public:
  explicit Cancel(Committer::ItemPtr item) : item_(std::move(item)) {}
  ~Cancel() override { item_->cancelled = true; }

 private:
  Committer::ItemPtr item_;
};

}  // namespace

Draft::Draft(Writer& writer, const MessageId& id, std::uint64_t expected_size)
    : writer_(writer), id_(id) {
  if (expected_size < writer.options_.large_message) memory_.reserve(expected_size);
}

Draft::~Draft() = default;

Result<void> Draft::append(std::string_view bytes) {
  size_ += bytes.size();
  if (!large_ && size_ < writer_.options_.large_message) {
    memory_.append(bytes);
    return {};
  }
  return append_to_file(bytes);
}

// Of lines that begin with a dot each comes by itself: they are gathered.
Result<void> Draft::append_to_file(std::string_view bytes) {
  if (!large_) {
    auto file = LargeFile::create(writer_.disk_, writer_.paths_.large(id_));
    if (!file) {
      writer_.large_failing_.holds(file.error().text);
      return pass_on(std::move(file.error()));
    }
    large_ = std::move(*file);
  }
  if (memory_.size() + bytes.size() >= kPortion) {
    if (auto written = flush(); !written) return written;
    memory_ = std::string();
    if (bytes.size() >= kPortion) return write_to_file(bytes);
    memory_.reserve(kPortion);
  }
  memory_.append(bytes);
  return {};
}

Result<void> Draft::flush() {
  if (memory_.empty()) return {};
  auto written = write_to_file(memory_);
  memory_.clear();
  return written;
}

// Many that are under way at once may be more than there was room for when they began.
Result<void> Draft::write_to_file(std::string_view bytes) {
  if (auto looked = writer_.look_at_space(); !looked) return looked;
  if (writer_.space_ < writer_.options_.min_free) {
    Error error = writer_.too_little_space();
    writer_.full_.holds(error.text);
    return pass_on(std::move(error));
  }
  writer_.space_ -= std::min<std::uint64_t>(writer_.space_, bytes.size());
  auto written = large_->append(bytes);
  if (!written) writer_.large_failing_.holds(written.error().text);
  return written;
}

Writer::Writer(event::EventLoop& loop, Disk& disk, Options options, const Clock& clock,
               Random& random, log::Logger& log, metrics::Counters& counters,
               OnProgress on_progress)
    : loop_(loop),
      disk_(disk),
      options_(std::move(options)),
      paths_{options_.directory},
      clock_(clock),
      ids_(clock, options_.number, static_cast<std::uint32_t>(random.next())),
      on_progress_(std::move(on_progress)),
      full_(log, clock, kFull),
      large_failing_(log, clock, kLargeFailing),
      committer_(std::make_unique<Committer>(
          loop, disk,
          Committer::Options{options_.name, options_.segment_size, options_.segment_age}, paths_,
          clock, random, log, counters, [this, alive = alive_](const SegmentProgress& progress) {
            if (!*alive) return;
            progress_ = progress;
            on_progress_(progress);
          })) {}

Writer::~Writer() {
  // Its last notices stay in the loop's queue and find nobody.
  committer_.reset();
  *alive_ = false;
}

// Asked of the system now and then; between, it is known what was written here.
Result<void> Writer::look_at_space() {
  if (space_known_at_.count() >= 0 && loop_.now() - space_known_at_ < kSpaceBelieved) return {};
  auto space = disk_.free_space(paths_.incoming());
  if (!space) {
    full_.holds(space.error().text);
    return pass_on(std::move(space.error()));
  }
  space_ = *space;
  space_known_at_ = loop_.now();
  return {};
}

Error Writer::too_little_space() const {
  return {ErrorKind::temporary,
          fmt::format("{}: {} octets free, {} must stay free (spool.min_free)", options_.directory,
                      space_, options_.min_free)};
}

Result<std::unique_ptr<Draft>> Writer::begin(std::uint64_t expected_size,
                                             std::optional<MessageId> id) {
  if (auto looked = look_at_space(); !looked) return pass_on(std::move(looked.error()));
  const bool full = space_ < options_.min_free;
  if (full || space_ - options_.min_free < expected_size) {
    Error error = too_little_space();
    if (full) full_.holds(error.text);
    return pass_on(std::move(error));
  }
  full_.passed();
  return std::unique_ptr<Draft>(new Draft(*this, id ? *id : ids_.next(), expected_size));
}

PendingPtr Writer::commit(std::unique_ptr<Draft> draft, const Envelope& envelope, Done done) {
  POSTRIDER_CHECK(envelope.id() == draft->id().view());
  if (draft->large_)
    if (auto written = draft->flush(); !written)
      return event::answer_later(loop_, std::move(written), std::move(done));
  auto item = std::make_shared<Committer::Item>();
  item->envelope = envelope.SerializeAsString();
  POSTRIDER_CHECK(item->envelope.size() <= kMaxEnvelope);
  item->content = std::move(draft->memory_);
  item->large = std::move(draft->large_);
  if (item->large) large_failing_.passed();
  item->size = draft->size_;
  item->done = std::move(done);
  if (!item->large) space_ -= std::min(space_, item->size);
  committer_->enqueue(item);
  return std::make_unique<Cancel>(std::move(item));
}

SegmentProgress Writer::progress() const { return progress_; }

}  // namespace postrider::spool
