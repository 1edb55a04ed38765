// Spools of earlier versions, as they were written then (tests/spools/), are read and delivered
// whole.
#include <cstdlib>
#include <map>

#include "tests/unit/queued/fixture.h"

namespace queued_versions_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

namespace {

constexpr std::size_t kLarge = 3000;

std::string content(const std::string& name, std::size_t size = 0) {
  std::string text = "Subject: " + name + "\r\n\r\n";
  while (text.size() < size) text += "a line\r\n";
  return text;
}

// One segment of a writer that was killed: a message in each state of the young generation that has
// a record (common/spool/STATES.md).
class Maker {
 public:
  explicit Maker(const std::string& root) : paths_{root} {
    for (const std::string& folder :
         {paths_.root, paths_.incoming(), paths_.large(), paths_.deferred(), paths_.quarantine()})
      REQUIRE(spool::system_disk().make_directory(folder));
  }

  void make() {
    spool::Writer writer(
        loop_, spool::system_disk(),
        {.directory = paths_.root, .name = "smtpd0", .large_message = 2000, .min_free = 0}, clock_,
        random_, log_, counters_, [this](const spool::SegmentProgress& p) { progress_ = p; });
    accept(writer, "finished", {"bob@local.test"});
    accept(writer, "promoted", {"late@far.test", "gone@far.test"});
    accept(writer, "in part", {"bob@local.test", "carol@local.test"});
    accept(writer, "accepted", {"bob@local.test"});
    accept(writer, "accepted large", {"carol@local.test"}, kLarge);
    accept(writer, "held", {"kept@far.test"});
    accept(writer, "promoted large", {"late@far.test"}, kLarge);
    auto reader = spool::SegmentReader::open(spool::system_disk(), paths_, progress_.segment);
    REQUIRE(reader);
    read(**reader);
    promote(**reader);
    spool::DoneFile done(spool::system_disk(), paths_, progress_.segment, (*reader)->salt());
    using spool::DoneKind;
    REQUIRE(done.append(
        {{.record = records_[0].offset},
         {.record = records_[1].offset, .kind = DoneKind::promoted},
         {.record = records_[2].offset, .recipient = spool::recipient_key("bob@local.test")},
         {.record = records_[5].offset, .kind = DoneKind::promoted},
         {.record = records_[6].offset, .kind = DoneKind::promoted}},
        true));
    REQUIRE(spool::system_disk().remove(paths_.large(records_[6].id)));
  }

 private:
  void accept(spool::Writer& writer, const std::string& name, const Lines& recipients,
              std::size_t size = 0) {
    auto draft = writer.begin(size);
    REQUIRE(draft);
    REQUIRE((*draft)->append(content(name, size)));
    spool::Envelope envelope;
    envelope.set_id((*draft)->id().str());
    envelope.set_arrival_us(clock_.now().time_since_epoch().count());
    envelope.set_sender("sender@x.test");
    envelope.set_protocol("ESMTP");
    envelope.set_trace("Received: from x.test\r\n");
    for (const std::string& recipient : recipients)
      envelope.add_recipients()->set_address(recipient);
    const auto pending = writer.commit(std::move(*draft), envelope, [&](const Result<void>& ok) {
      REQUIRE(ok);
      loop_.stop();
    });
    loop_.run();
  }

  void read(spool::SegmentReader& reader) {
    while (true) {
      auto step = reader.next(progress_.durable, true);
      REQUIRE(step);
      if (!std::holds_alternative<spool::SegmentReader::Record>(*step)) return;
      records_.push_back(std::get<spool::SegmentReader::Record>(std::move(*step)));
    }
  }

  void promote(const spool::SegmentReader& reader) {
    std::vector<queued::Change> changes;
    for (const std::size_t i : {1U, 5U, 6U}) {
      auto& record = records_[i];
      queued::Promote change{.source = std::make_shared<queued::SourceFile>(
                                 queued::SourceFile{Fd(::dup(reader.fd()))}),
                             .offset = record.content_offset,
                             .large = record.large};
      change.data.id = record.id;
      change.data.arrival = clock_.now();
      change.data.content_length = record.content_length;
      change.data.content_checksum = record.content_checksum;
      change.data.attempts = 1;
      for (const auto& recipient : record.envelope.recipients())
        change.data.recipients.push_back({.address = recipient.address(),
                                          .original = recipient.address(),
                                          .state = recipient.address() == "gone@far.test"
                                                       ? queued::RecipientState::delivered
                                                       : queued::RecipientState::waiting,
                                          .next_hop = "mx:far.test",
                                          .status = "4.4.1",
                                          .reply = "451 later",
                                          .remote = "mx.far.test[192.0.2.1]"});
      record.envelope.clear_recipients();
      change.data.envelope = record.envelope;
      change.schedule.expires = clock_.now() + 5 * 24h;
      if (i == 5) {
        change.schedule.hold_reason = "held by the operator";
      } else {
        change.schedule.next_attempt = clock_.now() + 30min;
      }
      changes.push_back(std::move(change));
    }
    auto store = queued::Store::open(spool::system_disk(), paths_);
    REQUIRE(store);
    REQUIRE((*store)->apply(changes));
  }

  const spool::Paths paths_;
  event::EventLoop loop_;
  ManualClock clock_;
  SeededRandom random_{1};
  log::Logger log_{"test", log::Level::error, log::Format::logfmt, clock_};
  metrics::Counters counters_;
  spool::SegmentProgress progress_;
  std::vector<spool::SegmentReader::Record> records_;
};

}  // namespace

TEST_CASE("queued versions: makes the spool of the present version", "[.make-spool]") {
  const char* root = std::getenv("POSTRIDER_MAKE_SPOOL");
  REQUIRE(root != nullptr);
  Maker(root).make();
}

TEST_CASE("queued versions: a spool of each version is delivered whole", "[queued]") {
  const std::string version = GENERATE("v1");
  QueueFixture f;
  f.life.reset();
  std::filesystem::remove_all(f.directory.path());
  std::filesystem::copy(std::string(SOURCE_DIR) + "/tests/spools/" + version, f.directory.path(),
                        std::filesystem::copy_options::recursive);
  REQUIRE(spool::system_disk().make_directory(f.paths.quarantine()));  // empty: git keeps none
  std::map<std::string, Lines> delivered;  // by the first line of the content
  f.answer = [&](const ipc::Job& job, const ipc::JobRecipient& to) {
    const std::string text = f.content_of(job);
    CHECK(spool::checksum(text) == job.checksum());
    CHECK(job.trace() == "Received: from x.test\r\n");
    CHECK(job.sender() == "sender@x.test");
    delivered[text.substr(9, text.find('\r') - 9)].push_back(to.address());
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.begin_life();
  f.settle();
  CHECK(delivered == std::map<std::string, Lines>{{"in part", {"carol@local.test"}},
                                                  {"accepted", {"bob@local.test"}},
                                                  {"accepted large", {"carol@local.test"}}});
  f.clock.advance(1h);
  f.settle();
  CHECK(delivered["promoted"] == Lines{"late@far.test"});
  CHECK(delivered["promoted large"] == Lines{"late@far.test"});
  CHECK(delivered.size() == 5);

  CHECK(f.operate(ipc::AdminRequest::RELEASE, test::all_messages()) == 1U);
  f.settle();
  CHECK(delivered["held"] == Lines{"kept@far.test"});
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.large()).empty());
  CHECK(f.files(f.paths.quarantine()).empty());
  CHECK(f.logged.find("level=error") == std::string::npos);
}

}  // namespace queued_versions_test
