#include "common/maildir/deletions.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

namespace {

constexpr std::string_view kDelete = "delete ";
constexpr std::string_view kRemoved = "removed ";
constexpr std::size_t kChecksum = 16;
// Three numbers of 64 bits and a checksum.
constexpr std::size_t kMaxHeader = 96;

std::string header_of(std::int64_t seconds, std::size_t count, std::size_t octets,
                      std::uint64_t checksum) {
  return fmt::format("{}{} {} {} {:016x}\n", kDelete, seconds, count, octets, checksum);
}

std::uint64_t checksum_of(std::int64_t seconds, std::size_t count, std::string_view lines) {
  const std::string header = header_of(seconds, count, lines.size(), 0);
  return XXH3_64bits_withSeed(lines.data(), lines.size(),
                              XXH3_64bits(header.data(), header.size()));
}

// Takes a number and the space behind it.
template <typename Int>
bool take_number(std::string_view& text, Int& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(' ')) return false;
  text.remove_prefix(1);
  return true;
}

// The batch at the beginning of `text`, if there is a whole one. What it says of itself is believed
// only where it is what we would have written.
std::optional<DeletionBatch> batch_at(std::string_view text, std::size_t& length) {
  const std::size_t end = text.substr(0, kMaxHeader).find('\n');
  if (end == std::string_view::npos || !text.starts_with(kDelete)) return std::nullopt;
  const std::string_view header = text.substr(0, end + 1);
  std::string_view rest = header.substr(kDelete.size());
  DeletionBatch batch;
  std::size_t octets = 0;
  if (!take_number(rest, batch.seconds) || !take_number(rest, batch.count) ||
      !take_number(rest, octets) || rest.size() != kChecksum + 1 ||
      octets > text.size() - header.size())
    return std::nullopt;
  batch.lines = text.substr(header.size(), octets);
  if (header != header_of(batch.seconds, batch.count, octets,
                          checksum_of(batch.seconds, batch.count, batch.lines)))
    return std::nullopt;
  length = header.size() + octets;
  return batch;
}

}  // namespace

Deletions parse_deletions(std::string_view journal, std::string_view boot) {
  const std::string removed = compose_removed(boot);
  Deletions parsed;
  int searches = 0;
  std::size_t unfinished = 0;  // the first batch that is not known to be removed
  for (std::size_t at = 0; at < journal.size();) {
    const std::string_view rest = journal.substr(at);
    std::size_t length = 0;
    if (const auto batch = batch_at(rest, length)) {
      parsed.batches.push_back(*batch);
    } else if (rest.starts_with(kRemoved) && rest.substr(0, kMaxHeader).find('\n') != rest.npos) {
      length = rest.find('\n') + 1;
      if (!boot.empty() && rest.substr(0, length) == removed)
        for (; unfinished < parsed.batches.size(); ++unfinished)
          parsed.batches[unfinished].removed = true;
    } else if (searches++ < kMaxSearches) {
      // No entry has a space, so neither word stands in one.
      at =
          std::min({journal.find(kDelete, at + 1), journal.find(kRemoved, at + 1), journal.size()});
      continue;
    } else {
      break;
    }
    parsed.damaged += at - parsed.whole;
    at += length;
    parsed.whole = at;
  }
  return parsed;
}

std::string entry_of(std::string_view base) {
  const auto stands_for_itself = [](char c) { return c > ' ' && c < '\x7f' && c != '%'; };
  if (std::all_of(base.begin(), base.end(), stands_for_itself)) return std::string(base);
  std::string entry;
  for (const char c : base) {
    if (stands_for_itself(c)) {
      entry += c;
    } else {
      entry += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return entry;
}

std::string compose_batch(std::int64_t seconds, std::size_t count, std::string_view lines) {
  std::string batch = header_of(seconds, count, lines.size(), checksum_of(seconds, count, lines));
  batch.reserve(batch.size() + lines.size());
  batch += lines;
  return batch;
}

std::string compose_removed(std::string_view boot) { return fmt::format("{}{}\n", kRemoved, boot); }

std::string_view take_line(std::string_view& lines) noexcept {
  const std::size_t end = std::min(lines.find('\n'), lines.size());
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(std::min(end + 1, lines.size()));
  return line;
}

// Unique parts are letters and digits, which stand for themselves.
bool holds(const Deletions& deletions, std::string_view base) {
  const std::string entry = entry_of(base);
  for (const DeletionBatch& batch : deletions.batches)
    for (std::string_view lines = batch.lines; !lines.empty();)
      if (same_message(entry, take_line(lines))) return true;
  return false;
}

}  // namespace postrider::maildir
