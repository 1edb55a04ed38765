// What a backup says of itself: a line of its list, and its manifest. What is read stays below the
// backup, and is written again as it was.
#include "common/base/check.h"
#include "ctl/backup/entry.h"
#include "ctl/backup/manifest.h"

using namespace postrider;
using namespace postrider::ctl;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = backup::parse_manifest(text))
    POSTRIDER_CHECK(*backup::parse_manifest(backup::to_text(*manifest)) == *manifest);
  const auto entry = backup::parse_entry(text);
  if (!entry) return 0;
  POSTRIDER_CHECK(backup::is_sound_path(entry->path));
  std::string line = backup::to_line(*entry);
  line.pop_back();
  const auto again = backup::parse_entry(line);
  POSTRIDER_CHECK(again && *again == *entry);
  return 0;
}
