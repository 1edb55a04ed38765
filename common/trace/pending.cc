#include "common/trace/pending.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/regular_file.h"
#include "common/trace/blocks.h"
#include "common/trace/file_name.h"

namespace postrider::trace {

Result<Pending> Pending::open(const std::string& folder) {
  const auto names = list_files(folder);
  if (!names) return pass_on(names.error());
  Pending pending;
  for (const FileName& name : *names) {
    const std::string path = fmt::format("{}/{}", folder, name.str());
    // One that was taken meanwhile, or cannot be read, keeps nobody from the others: of the latter
    // the collector tells.
    if (auto fd = open_regular_file(path)) pending.files_.push_back({name.str(), std::move(*fd)});
  }
  return pending;
}

void Pending::skip(const Taken& taken) {
  for (File& file : files_)
    if (const auto at = taken.find(file.name); at != taken.end()) file.from = at->second;
}

Result<void> Pending::read(Take take) const {
  for (const File& file : files_) {
    Blocks blocks(file.fd.get(), file.from);
    while (true) {
      const auto block = blocks.next();
      if (!block) return pass_on(block.error());
      if (block->empty()) break;
      for_each_line(*block, [&](std::string_view line) { take(line); });
    }
  }
  return {};
}

}  // namespace postrider::trace
