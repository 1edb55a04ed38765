#include "ctl/verify/finding.h"

#include <array>

namespace postrider::ctl {

namespace {

constexpr std::string_view kQueuedQuarantines =
    "queued keeps it in quarantine/ when it reads it, and goes on with the rest";

// In the order of FindingKind.
constexpr std::array<FindingText, 23> kTexts{{
    {"segment_unreadable",
     "see the kernel's log for the disk; queued tries again until the segment can be read"},
    {"segment_damaged",
     "queued moves it to quarantine/; restore it from a backup, if there is one"},
    {"segment_newer", "run the release that wrote it; this one leaves it alone"},
    {"record_damaged", kQueuedQuarantines},
    {"record_torn",
     "nothing, if a crash cut it off before it was acknowledged; else as record_damaged. queued "
     "keeps it in quarantine/"},
    {"record_twice",
     "remove the segment that was put back; queued would deliver one and drop the other"},
    {"done_unreadable",
     "see the kernel's log for the disk; the segment waits until it can be read"},
    {"done_damaged",
     "nothing: what the damaged entries say was finished is attempted again, marked as repeated"},
    {"done_newer", "run the release that wrote it; this one leaves its segment alone"},
    {"done_without_record",
     "remove the file if it belongs to another segment; the entry has no effect"},
    {"done_without_segment", "nothing: queued removes it at its next look, within ten seconds"},
    {"segment_unfinished", "nothing: queued removes it at its next look, within ten seconds"},
    {"large_missing",
     "restore the file from a backup; else queued tells the sender that it was lost"},
    {"large_damaged",
     "restore the file from a backup; else queued quarantines it and tells the sender"},
    {"large_without_record",
     "nothing: queued removes it when it is a day old; if mail is missed, it is the content"},
    {"database_unreadable",
     "give the command the right to read it; see the kernel's log for the disk"},
    {"database_damaged",
     "restart queued: it keeps the file in quarantine/ and carries over what can be read"},
    {"database_newer", "run the release that wrote it; this one does not open it"},
    {"row_damaged",
     "postrider queue delete ID, when the content under deferred/ has been looked at"},
    {"row_without_content",
     "restore the file from a backup; else queued tells the sender that it was lost"},
    {"content_damaged",
     "restore the file from a backup; else queued quarantines it and tells the sender"},
    {"content_without_row",
     "remove the file if the log says what became of its message; else queue.db has lost the row"},
    {"foreign_file", "move it elsewhere: nothing in the spool reads it"},
}};
static_assert(static_cast<std::size_t>(FindingKind::foreign_file) + 1 == kTexts.size());

}  // namespace

const FindingText& text_of(FindingKind kind) noexcept {
  return kTexts[static_cast<std::size_t>(kind)];
}

}  // namespace postrider::ctl
