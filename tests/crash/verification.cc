#include "tests/crash/verification.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "ctl/verify/spool_walk.h"
#include "tests/crash/world.h"

namespace postrider::crash {

namespace {

using ctl::FindingKind;

std::string verify(const std::string& root, std::initializer_list<FindingKind> expected) {
  const spool::Paths paths{spool_of(root)};
  std::string wrong;
  ctl::SpoolWalk walk(
      spool::system_disk(), paths, [] {},
      [&](const ctl::Finding& finding) {
        if (std::find(expected.begin(), expected.end(), finding.kind) == expected.end())
          wrong += fmt::format("{}: {}: {}\n", ctl::text_of(finding.kind).word, finding.where,
                               finding.reason);
      });
  if (const auto walked = walk.run(); !walked) wrong += walked.error().text + '\n';
  return wrong;
}

}  // namespace

std::string verify_after_cut(const std::string& root) {
  return verify(root,
                {FindingKind::record_torn, FindingKind::record_damaged, FindingKind::done_damaged,
                 FindingKind::done_without_segment, FindingKind::segment_unfinished,
                 FindingKind::large_without_record, FindingKind::content_without_row});
}

std::string verify_at_rest(const std::string& root) {
  return verify(root, {FindingKind::large_without_record, FindingKind::content_without_row});
}

}  // namespace postrider::crash
