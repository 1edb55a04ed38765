#include "queued/report_writer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/spool/record.h"
#include "common/spool/segment_reader.h"
#include "tests/unit/temp_directory.h"

namespace queued_report_writer_test {

using namespace postrider;
using namespace postrider::queued;

namespace {

constexpr std::string_view kContent = "Subject: hi\r\n\r\nThe body.\r\n";

struct Fixture {
  Fixture() {
    settings.hostname = "mx.test";
    settings.queue.bounce_size_limit = 50'000;
    for (const std::string& made : {paths.incoming(), paths.large()})
      REQUIRE(spool::system_disk().make_directory(made));
    message.data.id = *MessageId::parse("0000000000000000000a");
    message.data.arrival = clock.now();
    message.data.envelope.set_sender("ann@x.test");
    message.data.envelope.set_envid("q+1");
    message.data.recipients = {{.address = "bob@y.test", .orcpt = "rfc822;b+2Bb@z.test"}};
    Fd file(::memfd_create("content", MFD_CLOEXEC));
    REQUIRE(::write(file.get(), kContent.data(), kContent.size()) ==
            static_cast<ssize_t>(kContent.size()));
    message.source = std::make_shared<SourceFile>(SourceFile{std::move(file)});
    message.data.content_length = kContent.size();
  }

  // Writes the report; gives the last as the spool has it, "" where it could not be written.
  std::string send(ReportKind kind, const std::vector<std::uint32_t>& about = {0}) {
    bool written = false;
    const auto pending = writer_.send(message, kind, about, clock.now() + std::chrono::hours{1},
                                      [&](const Result<void>& r) {
                                        written = r.has_value();
                                        loop.stop();
                                      });
    loop.run();
    if (!written) return "";
    auto reader = spool::SegmentReader::open(spool::system_disk(), paths, progress.segment).value();
    while (true) {
      auto step = reader->next(progress.durable, true).value();
      const auto* const record = std::get_if<spool::SegmentReader::Record>(&step);
      if (record == nullptr) break;
      ++reports;
      envelope = record->envelope;
      content.resize(record->content_length);
      static_cast<void>(spool::system_disk().read(reader->fd(), record->content_offset, content));
    }
    return content;
  }

  test::TempDirectory folder;
  spool::Paths paths{folder.path()};
  event::EventLoop loop;
  ManualClock clock;
  SeededRandom random{1};
  log::Logger log{"queued", log::Level::error, log::Format::logfmt, clock};
  metrics::Counters counters;
  config::Settings settings;
  spool::SegmentProgress progress;
  spool::Writer spool_writer{loop,
                             spool::system_disk(),
                             {.directory = folder.path(),
                              .name = "queued0",
                              .large_message = spool::kMaxContent,
                              .min_free = 0},
                             clock,
                             random,
                             log,
                             counters,
                             [this](const spool::SegmentProgress& p) { progress = p; }};
  Message message;
  spool::Envelope envelope;
  std::string content;
  std::size_t reports = 0;

 private:
  ReportWriter writer_{loop, spool::system_disk(), spool_writer, settings, clock, log};
};

}  // namespace

TEST_CASE("queued report writer: a report comes from <> and begets none", "[queued]") {
  Fixture f;
  const std::string content = f.send(ReportKind::delivered);
  CHECK(f.envelope.sender().empty());
  REQUIRE(f.envelope.recipients_size() == 1);
  CHECK(f.envelope.recipients(0).address() == "ann@x.test");
  CHECK(f.envelope.recipients(0).notify() == "NEVER");
  CHECK(content.find("Action: delivered\r\n") != std::string::npos);
  CHECK(content.find("Original-Envelope-Id: q+1\r\n") != std::string::npos);
  CHECK(content.find("Original-Recipient: rfc822; b+b@z.test\r\n") != std::string::npos);
}

TEST_CASE("queued report writer: the content comes back with failures alone, if it is wanted",
          "[queued]") {
  const auto [kind, ret, limit, whole] =
      GENERATE(table<ReportKind, std::string, std::uint64_t, bool>({
          {ReportKind::failed, "", 50'000, true},
          {ReportKind::failed, "FULL", 50'000, true},
          {ReportKind::failed, "FULL", 10, false},
          {ReportKind::failed, "HDRS", 50'000, false},
          {ReportKind::delayed, "FULL", 50'000, false},
          {ReportKind::delivered, "FULL", 50'000, false},
          {ReportKind::relayed, "FULL", 50'000, false},
          {ReportKind::expanded, "FULL", 50'000, false},
      }));
  Fixture f;
  f.settings.queue.bounce_size_limit = limit;
  f.message.data.envelope.set_ret(ret);
  const std::string content = f.send(kind);
  CHECK((content.find("The body.") != std::string::npos) == whole);
  CHECK(content.find("Subject: hi\r\n") != std::string::npos);
  CHECK((content.find("Will-Retry-Until") != std::string::npos) == (kind == ReportKind::delayed));
}

TEST_CASE("queued report writer: of many recipients several reports tell", "[queued]") {
  Fixture f;
  std::vector<std::uint32_t> about;
  for (std::uint32_t i = 0; i <= ReportWriter::kMaxRecipients; ++i) {
    f.message.data.recipients.resize(i + 1);
    f.message.data.recipients[i].address = "r" + std::to_string(i) + "@y.test";
    about.insert(about.begin(), i);
  }
  const std::string last = f.send(ReportKind::failed, about);
  CHECK(f.reports == 2);
  CHECK(last.find("Final-Recipient: rfc822; r1000@y.test\r\n") != std::string::npos);
  CHECK(last.find("Final-Recipient: rfc822; r999@y.test\r\n") == std::string::npos);
}

TEST_CASE("queued report writer: the same report has the same id, another has another",
          "[queued]") {
  Fixture first;
  Fixture again;
  Fixture other;
  first.send(ReportKind::delivered);
  again.send(ReportKind::delivered);
  other.send(ReportKind::relayed);
  CHECK(first.envelope.id() == again.envelope.id());
  CHECK(first.envelope.id() != other.envelope.id());
}

TEST_CASE(
    "queued report writer: what is told of a message that requires TLS requires it too, and is "
    "its header alone",
    "[queued]") {
  const auto [tls, required] = GENERATE(table<spool::Envelope::Tls, bool>({
      {spool::Envelope::TLS_REQUIRED, true},
      {spool::Envelope::TLS_NOT_REQUIRED, false},
      {spool::Envelope::TLS_UNSAID, false},
  }));
  Fixture f;
  f.message.data.envelope.set_tls(tls);
  f.message.data.envelope.set_ret("FULL");
  const std::string content = f.send(ReportKind::failed);
  CHECK((content.find("The body.") == std::string::npos) == required);
  CHECK((f.envelope.tls() == spool::Envelope::TLS_REQUIRED) == required);
}

TEST_CASE("queued report writer: what is told of a failed report goes to the bare postmaster",
          "[queued]") {
  Fixture f;
  f.message.data.envelope.set_sender("");
  f.message.data.envelope.set_report(spool::Envelope::TO_SENDER);
  const std::string content = f.send(ReportKind::failed);
  REQUIRE(f.envelope.recipients_size() == 1);
  CHECK(f.envelope.recipients(0).address() == "postmaster");
  CHECK(f.envelope.recipients(0).notify() == "NEVER");
  CHECK(f.envelope.sender().empty());
  CHECK(f.envelope.report() == spool::Envelope::TO_POSTMASTER);
  CHECK(content.find("To: <postmaster@mx.test>\r\n") != std::string::npos);
  CHECK(content.find("Subject: Undelivered report (double bounce)\r\n") != std::string::npos);
  CHECK(content.find("The body.") != std::string::npos);
  CHECK(content.find("by other means") == std::string::npos);
  CHECK(content.find("If you need help") == std::string::npos);
}

TEST_CASE(
    "queued report writer: the original address, the refused command and a time that ran out "
    "are told",
    "[queued]") {
  Fixture f;
  Recipient& recipient = f.message.data.recipients[0];
  recipient.original = "alias@x.test";
  recipient.reply = "550 5.1.1 who?";
  recipient.remote = "mx.y.test[192.0.2.1]";
  recipient.command = "RCPT TO:<bob@y.test>";
  const std::string failed = f.send(ReportKind::failed);
  CHECK(f.envelope.report() == spool::Envelope::TO_SENDER);
  CHECK(failed.find("<alias@x.test>, which leads to <bob@y.test>") != std::string::npos);
  CHECK(failed.find("said to RCPT TO:<bob@y.test>:\r\n    550 5.1.1 who?") != std::string::npos);
  CHECK(failed.find("It was tried from") == std::string::npos);
  recipient.state = RecipientState::expired;
  recipient.address = "another@y.test";  // a report of its own
  const std::string expired = f.send(ReportKind::failed);
  CHECK(expired.find("It was tried from") != std::string::npos);
  CHECK(expired.find("Status: 5.4.7\r\n") != std::string::npos);
  f.message.wish = Wish::expire;
  recipient.address = "third@y.test";
  const std::string by_operator = f.send(ReportKind::failed);
  CHECK(by_operator.find("It was given up by the operator") != std::string::npos);
  CHECK(by_operator.find("Status: 5.0.0\r\n") != std::string::npos);
}

}  // namespace queued_report_writer_test
