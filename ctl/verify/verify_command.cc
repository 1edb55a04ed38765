// verify_command.cc - postrider queue verify: whether the spool is whole, with or without a running
// suite.
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/terminal.h"
#include "ctl/verify/spool_walk.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

// Before the second look: a transaction of the store and its notes in .done files are done by then.
constexpr std::chrono::seconds kQueuedPause{3};
// SpoolFindings that are shown one by one; the others are counted.
constexpr std::size_t kShownFindings = 1000;

json as_json(const SpoolCounts& counts) {
  return {{"segments", counts.segments},
          {"records", counts.records},
          {"open_records", counts.open},
          {"large_files", counts.large_files},
          {"rows", counts.rows},
          {"deferred_files", counts.deferred_files},
          {"content_octets", counts.octets},
          {"quarantined_files", counts.quarantined}};
}

json as_json(const Finding& finding) {
  const FindingText& text = text_of(finding.kind);
  return {{"kind", text.word},
          {"where", finding.where},
          {"id", finding.id.empty() ? json() : json(finding.id)},
          {"reason", finding.reason},
          {"mend", text.mend}};
}

std::string as_text(const SpoolCounts& counts) {
  return fmt::format(
      "{} segments with {} records, {} of them open; {} large files; {} deferred messages and {} "
      "files of theirs; {} of content; {} files in quarantine\n",
      counts.segments, counts.records, counts.open, counts.large_files, counts.rows,
      counts.deferred_files, short_size(counts.octets), counts.quarantined);
}

std::string as_text(const Finding& finding) {
  const FindingText& text = text_of(finding.kind);
  return fmt::format("{}: {}\n  {}{}\n  to mend: {}\n", text.word, printable(finding.where),
                     finding.id.empty() ? "" : fmt::format("message {}: ", finding.id),
                     printable(finding.reason), text.mend);
}

void verify(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  const spool::Paths paths{settings->paths.spool};
  std::uint64_t found = 0;
  json findings = json::array();
  std::string text;
  SpoolWalk walk(
      spool::system_disk(), paths, [] { std::this_thread::sleep_for(kQueuedPause); },
      [&](const Finding& finding) {
        if (++found > kShownFindings) return;
        findings.push_back(as_json(finding));
        text += as_text(finding);
      });
  if (const auto walked = walk.run(); !walked)
    return context.refuse(ExitStatus::try_again, walked.error().text);
  text += as_text(walk.counts());
  text += found == 0 ? "nothing is wrong\n"
                     : fmt::format(
                           "{} found{}\n", found,
                           found > kShownFindings ? fmt::format(", {} shown", kShownFindings) : "");
  context.answer({{"spool", paths.root},
                  {"counts", as_json(walk.counts())},
                  {"finding_count", found},
                  {"findings", findings}},
                 text);
  if (found > 0) context.status = ExitStatus::refused;
}

}  // namespace

void add_verify_command(Command queue, Context& context) {
  queue.add_subcommand("verify", "Whether every checksum and every reference in the spool is right")
      .callback([&context] { verify(context); });
}

}  // namespace postrider::ctl
