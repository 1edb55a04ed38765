#include "ctl/verify/spool_check.h"

#include <filesystem>

#include "tests/unit/spool/fixture.h"

namespace ctl_verify_spool_check_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

// The spool of version 1 (tests/spools/), at rest and whole.
struct Fixture {
  Fixture() {
    std::filesystem::copy(std::string(SOURCE_DIR) + "/tests/spools/v1", directory.path(),
                          std::filesystem::copy_options::recursive);
    auto opened = QueueRows::open(paths, sqlite::Access::read_still);
    REQUIRE(opened);
    rows = std::move(*opened);
  }

  SpoolFindings look(SubjectKind kind, const std::string& name) {
    auto found = check.look({kind, name}, counts);
    REQUIRE(found);
    return std::move(*found);
  }

  std::string segment() { return spool::system_disk().list(paths.incoming()).value().front(); }

  // Looks once for each octet of the file with one of its bits flipped; gives how many were missed.
  std::size_t missed_flips(const std::string& path, SubjectKind kind, const std::string& name) {
    std::size_t missed = 0;
    for (std::uint64_t at = 0; at < std::filesystem::file_size(path); ++at) {
      test::flip(path, at, at % 8);
      if (look(kind, name).empty()) ++missed;
      test::flip(path, at, at % 8);
    }
    return missed;
  }

  test::TempDirectory directory;
  spool::Paths paths{directory.path()};
  RecordIndex index = RecordIndex::open().value();
  std::optional<QueueRows> rows;
  SpoolCounts counts;
  SpoolCheck check{spool::system_disk(), paths, index, rows};
};

std::vector<std::string> deferred_ids(Fixture& f) { return f.rows->ids("").value(); }

}  // namespace

TEST_CASE("spool check: a whole spool is whole, and counted", "[ctl]") {
  Fixture f;
  CHECK(f.look(SubjectKind::segment, f.segment()).empty());
  CHECK(f.look(SubjectKind::done_file, f.segment() + ".done").empty());
  for (const std::string& id : deferred_ids(f)) {
    CHECK(f.look(SubjectKind::row, id).empty());
    const std::string path = f.paths.deferred(*MessageId::parse(id));
    CHECK(f.look(SubjectKind::deferred_file, path.substr(f.paths.deferred().size() + 1)).empty());
  }
  CHECK(f.counts.records == 7);
  CHECK(f.counts.open == 3);
  CHECK(f.counts.rows == 3);
  CHECK(f.counts.deferred_files == 3);
}

TEST_CASE("spool check: a flipped bit in any octet of any file is found", "[ctl][slow]") {
  Fixture f;
  std::size_t padding = 0;
  auto reader = spool::SegmentReader::open(spool::system_disk(), f.paths, f.segment());
  REQUIRE(reader);
  while (true) {
    const auto step = (*reader)->next((*reader)->size().value(), false);
    const auto* record = step ? std::get_if<spool::SegmentReader::Record>(&*step) : nullptr;
    if (record == nullptr) break;
    const std::uint64_t end = record->offset + record->length;
    // A large record ends with its envelope, whose end no view tells: it is computed.
    const std::uint64_t used =
        record->large ? record->offset + spool::kRecordHeaderSize + record->envelope.ByteSizeLong()
                      : record->content_offset + record->content_length;
    padding += end - used;
  }
  const std::string segment = f.paths.segment(f.segment());
  CHECK(f.missed_flips(segment, SubjectKind::segment, f.segment()) == padding);
  CHECK(f.missed_flips(segment + ".done", SubjectKind::segment, f.segment()) == 0);
  const std::string large = spool::system_disk().list(f.paths.large()).value().front();
  CHECK(f.missed_flips(f.paths.large() + '/' + large, SubjectKind::segment, f.segment()) == 0);
  for (const std::string& id : deferred_ids(f))
    CHECK(f.missed_flips(f.paths.deferred(*MessageId::parse(id)), SubjectKind::row, id) == 0);
}

TEST_CASE("spool check: content on its way into the old generation is no stray", "[ctl]") {
  Fixture f;
  REQUIRE(f.look(SubjectKind::segment, f.segment()).empty());
  const std::string open = spool::system_disk().list(f.paths.large()).value().front();
  const MessageId id = *MessageId::parse(open);
  const std::string name = f.paths.deferred(id).substr(f.paths.deferred().size() + 1);
  std::filesystem::create_directories(f.paths.deferred_folder(id));
  std::filesystem::create_hard_link(f.paths.large(id), f.paths.deferred(id));
  CHECK(f.look(SubjectKind::deferred_file, name).empty());
  RecordIndex none = RecordIndex::open().value();
  SpoolCheck without(spool::system_disk(), f.paths, none, f.rows);
  const auto found = without.look({SubjectKind::deferred_file, name}, f.counts);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().kind == FindingKind::content_without_row);
  CHECK(found->front().id == open);
}

}  // namespace ctl_verify_spool_check_test
