#include "ctl/verify/spool_walk.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

// The characters of ids, of which two name a folder of deferred/.
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";

std::optional<SubjectKind> kind_of(std::string_view name) {
  if (name.ends_with(spool::kSegmentSuffix)) return SubjectKind::segment;
  if (name.ends_with(spool::kDoneSuffix)) return SubjectKind::done_file;
  if (name.ends_with(spool::kUnfinishedSuffix)) return SubjectKind::unfinished_segment;
  return std::nullopt;
}

}  // namespace

Result<void> SpoolWalk::run() {
  auto index = RecordIndex::open();
  if (!index) return pass_on(std::move(index.error()));
  index_ = std::move(*index);
  check_.emplace(disk_, paths_, *index_, rows_);
  auto walked = walk();
  return walked ? settle() : walked;
}

// Large files before the segments that speak of them, the young generation before the old one: what
// is promoted meanwhile is met twice rather than never.
Result<void> SpoolWalk::walk() {
  if (auto done = note_large_files(); !done) return done;
  if (auto done = walk_incoming(); !done) return done;
  if (auto done = walk_orphans(); !done) return done;
  if (auto done = open_rows(); !done) return done;
  if (auto done = walk_rows(); !done) return done;
  if (auto done = walk_deferred(); !done) return done;
  return count_quarantine();
}

// A file that is locked is arriving: it has no record yet.
Result<void> SpoolWalk::note_large_files() {
  auto names = disk_.list(paths_.large());
  if (!names) return pass_on(std::move(names.error()));
  for (const std::string& name : *names) {
    const auto id = MessageId::parse(name);
    if (!id) {
      tell(FindingKind::foreign_file, paths_.large() + '/' + name, "not the content of a message");
      continue;
    }
    ++counts_.large_files;
    if (is_locked(disk_, paths_.large(*id))) continue;
    if (auto added = index_->add_large(*id); !added) return added;
  }
  return {};
}

Result<void> SpoolWalk::walk_incoming() {
  auto names = disk_.list(paths_.incoming());
  if (!names) return pass_on(std::move(names.error()));
  for (const std::string& name : *names) {
    const auto kind = kind_of(name);
    if (!kind) {
      tell(FindingKind::foreign_file, paths_.segment(name), "neither a segment nor a .done file");
    } else if (auto done = examine({*kind, name}); !done) {
      return done;
    }
  }
  return {};
}

Result<void> SpoolWalk::walk_orphans() {
  std::string after;
  while (true) {
    auto ids = index_->large_without_record(after, kDoubtful);
    if (!ids) return pass_on(std::move(ids.error()));
    if (ids->empty()) return {};
    for (const MessageId& id : *ids)
      if (auto done = examine({SubjectKind::orphan, id.str()}); !done) return done;
    after = ids->back().str();
  }
}

// While a queued has the file, it is shared; else it is read as it stands, and nothing is made
// beside it, unless a log was left that belongs to it.
Result<void> SpoolWalk::open_rows() {
  std::error_code ignored;
  const bool shared = is_locked(disk_, paths_.queued_lock()) ||
                      std::filesystem::exists(paths_.queue_db() + "-wal", ignored);
  auto rows = QueueRows::open(paths_, shared ? sqlite::Access::read : sqlite::Access::read_still);
  std::vector<std::string> complaints;
  if (rows) {
    auto checked = rows->check();
    rows_ = std::move(*rows);
    if (checked) {
      complaints = std::move(*checked);
    } else {
      complaints.push_back(checked.error().text);
    }
  } else if (rows.error().kind == ErrorKind::not_found) {
    return {};
  } else {
    const ErrorKind kind = rows.error().kind;
    tell(kind == ErrorKind::corrupt   ? FindingKind::database_damaged
         : kind == ErrorKind::invalid ? FindingKind::database_newer
                                      : FindingKind::database_unreadable,
         paths_.queue_db(), rows.error().text);
  }
  for (std::string& complaint : complaints)
    tell(FindingKind::database_damaged, paths_.queue_db(), std::move(complaint));
  return {};
}

Result<void> SpoolWalk::walk_rows() {
  std::string after;
  while (rows_) {
    auto ids = rows_->ids(after);
    if (!ids) {
      tell(FindingKind::database_damaged, paths_.queue_db(), ids.error().text);
      return {};
    }
    if (ids->empty()) return {};
    for (const std::string& id : *ids)
      if (auto done = examine({SubjectKind::row, id}); !done) return done;
    after = ids->back();
  }
  return {};
}

Result<void> SpoolWalk::walk_deferred() {
  auto strangers = disk_.list(paths_.deferred());
  if (!strangers) return pass_on(std::move(strangers.error()));
  for (const std::string& name : *strangers)
    if (auto done = examine({SubjectKind::deferred_file, name}); !done) return done;
  for (const char first : kDigits) {
    for (const char second : kDigits) {
      const std::string folder{first, second};
      auto names = disk_.list(paths_.deferred() + '/' + folder);
      if (!names && names.error().kind == ErrorKind::not_found) continue;
      if (!names) return pass_on(std::move(names.error()));
      for (const std::string& name : *names)
        if (auto done = examine({SubjectKind::deferred_file, folder + '/' + name}); !done)
          return done;
    }
  }
  return {};
}

Result<void> SpoolWalk::count_quarantine() {
  auto names = disk_.list(paths_.quarantine());
  if (!names && names.error().kind == ErrorKind::not_found) return {};
  if (!names) return pass_on(std::move(names.error()));
  counts_.quarantined = names->size();
  return {};
}

Result<void> SpoolWalk::examine(Subject subject) {
  auto found = check_->look(subject, counts_);
  if (!found) return pass_on(std::move(found.error()));
  if (found->empty()) return {};
  doubts_.push_back({std::move(subject), std::move(*found)});
  return doubts_.size() < kDoubtful ? Result<void>() : settle();
}

Result<void> SpoolWalk::settle() {
  if (doubts_.empty()) return {};
  if (in_use()) pause_();
  SpoolCounts counted_before;
  for (const Doubt& doubt : std::exchange(doubts_, {})) {
    const auto again = check_->look(doubt.subject, counted_before);
    if (!again) return pass_on(again.error());
    for (const Finding& finding : *again)
      if (std::any_of(doubt.findings.begin(), doubt.findings.end(),
                      [&](const Finding& first) { return first.same_as(finding); }))
        on_finding_(finding);
  }
  return {};
}

bool SpoolWalk::in_use() {
  if (is_locked(disk_, paths_.queued_lock())) return true;
  const auto names = disk_.list(paths_.incoming());
  return names && std::any_of(names->begin(), names->end(), [this](const std::string& name) {
           return name.ends_with(spool::kSegmentSuffix) && is_locked(disk_, paths_.segment(name));
         });
}

void SpoolWalk::tell(FindingKind kind, std::string where, std::string reason) {
  on_finding_({kind, std::move(where), "", std::move(reason)});
}

}  // namespace postrider::ctl
