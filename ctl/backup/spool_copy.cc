#include "ctl/backup/spool_copy.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "ctl/backup/old_copy.h"
#include "ctl/backup/young_copy.h"

namespace postrider::ctl::backup {

namespace {

// Each takes as long as queue.db and what is new since the one before.
constexpr int kMaxRounds = 10;

Result<void> add_folders(const spool::Paths& from, Draft& draft) {
  const std::array<std::pair<std::string, const char*>, 5> folders{
      {{from.root, "spool"},
       {from.incoming(), "spool/incoming"},
       {from.large(), "spool/incoming/large"},
       {from.deferred(), "spool/deferred"},
       {from.quarantine(), "spool/quarantine"}}};
  for (const auto& [folder, path] : folders) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return fail_errno(folder, errno);
    if (auto added = draft.add_folder(path, status); !added) return added;
  }
  return {};
}

// What is there stays as it is, until a person has seen it.
Result<void> copy_quarantine(spool::Disk& disk, const spool::Paths& from, Draft& draft) {
  const auto names = disk.list(from.quarantine());
  if (!names) return pass_on(names.error());
  for (const std::string& name : *names) {
    const std::string path = from.quarantine() + '/' + name;
    const auto file = open_to_read(path);
    if (!file && file.error().kind == ErrorKind::not_found) continue;  // by that person, just now
    if (!file) return pass_on(file.error());
    const auto copied = draft.add_file("spool/quarantine/" + name, {file->get(), path});
    if (!copied) return pass_on(copied.error());
  }
  return {};
}

// True: nothing ended between the moment of queue.db and the end of its copy. What did may have
// left a report, which was promoted to a row that this copy has not, its segment gone.
Result<bool> copy_of_one_moment(YoungCopy& young, OldCopy& old) {
  auto done = old.copy_contents();
  if (done) done = young.copy_segments();
  if (done) done = old.take_snapshot();
  if (done) done = young.copy_segments();
  if (!done) return pass_on(std::move(done.error()));
  const auto gone = old.copy();
  if (!gone) return pass_on(gone.error());
  return *gone + young.vanished() == 0;
}

Result<void> copy_generations(YoungCopy& young, OldCopy& old, Draft& draft,
                              const spool::Paths& from) {
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto whole = copy_of_one_moment(young, old);
    if (!whole) return pass_on(whole.error());
    if (*whole) return {};
  }
  draft.problems().add(
      fmt::format("{}: at each of {} attempts messages ended while they were copied, and reports "
                  "about them may be missing: make another backup",
                  from.root, kMaxRounds));
  return {};
}

}  // namespace

Result<void> copy_spool(spool::Disk& disk, const spool::Paths& from, Draft& draft) {
  draft.progress().begin("the queue");
  YoungCopy young(disk, from, draft);
  OldCopy old(disk, from, draft);
  if (auto done = add_folders(from, draft); !done) return done;
  if (auto done = young.copy_done_files(); !done) return done;
  // Of all before queue.db is asked: what is promoted meanwhile is a record or a row.
  if (auto done = young.copy_segments(); !done) return done;
  if (auto done = copy_generations(young, old, draft, from); !done) return done;
  if (auto done = young.note(); !done) return done;
  if (auto done = old.note(); !done) return done;
  return copy_quarantine(disk, from, draft);
}

}  // namespace postrider::ctl::backup
