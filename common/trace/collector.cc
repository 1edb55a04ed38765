#include "common/trace/collector.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/base/regular_file.h"
#include "common/trace/blocks.h"

namespace postrider::trace {

Result<Collector> Collector::open(const config::Settings& settings, const Clock& clock) {
  const std::string path = index_path(settings.paths.data);
  auto index = Index::open(path);
  if (!index) return pass_on(index.error());
  auto retention = Retention::open(path, {settings.trace.keep, settings.trace.max_size});
  if (!retention) return pass_on(retention.error());
  return Collector(folder_of(settings.paths.data), std::move(*index), std::move(*retention), clock);
}

Result<bool> Collector::collect(std::chrono::milliseconds most) {
  // Before anything is added: a backlog may be long, and the file never becomes smaller.
  auto more = make_smaller(clock_.now() + most);
  if (!more || *more) return more;
  const WallTime until = clock_.now() + most;
  more = take_files(until);
  if (more && *more) return more;
  // What is over goes in any case: a file that cannot be taken may stay so.
  auto forgot = forget(until);
  return more ? forgot : more;
}

Result<bool> Collector::take_files(WallTime until) {
  const auto files = list_files(folder_);
  if (!files) return pass_on(files.error());
  auto taken = index_.taken();
  if (!taken) return pass_on(taken.error());
  std::optional<Error> failed;  // of the first that could not be taken; the others are
  for (const FileName& file : *files) {
    const auto at = taken->find(file.str());
    const auto more = take(file, at == taken->end() ? 0 : at->second, until);
    if (at != taken->end()) taken->erase(at);
    if (!more && !failed) failed = more.error();
    if (more && *more) return true;
  }
  // What its writer has given up, or the last Collector has removed and not forgotten.
  for (const auto& [name, octets] : *taken)
    if (auto done = forget_file(name); !done) return pass_on(done.error());
  if (failed) return pass_on(std::move(*failed));
  return false;
}

// True: the time is over.
Result<bool> Collector::take(const FileName& file, std::uint64_t from, WallTime until) {
  const std::string name = file.str();
  const auto fd = open_regular_file(fmt::format("{}/{}", folder_, name));
  if (!fd && fd.error().kind == ErrorKind::not_found) return false;  // given up meanwhile
  if (!fd) return pass_on(fd.error());
  // Known before it is read: what its writer added last is read then.
  const bool finished = ::flock(fd->get(), LOCK_EX | LOCK_NB) == 0;
  Blocks blocks(fd->get(), from);
  while (true) {
    const auto block = blocks.next();
    if (!block) return pass_on(block.error());
    if (block->empty()) break;
    if (auto done = take_block(name, *block, blocks.at()); !done) return pass_on(done.error());
    if (clock_.now() >= until) return true;
  }
  if (!finished) return false;
  if (auto removed = remove(name); !removed) return pass_on(removed.error());
  return false;
}

Result<void> Collector::take_block(const std::string& name, std::string_view lines,
                                   std::uint64_t upto) {
  if (auto begun = index_.begin(); !begun) return begun;
  Result<void> added;
  for_each_line(lines, [&](std::string_view line) {
    if (added) added = index_.add(line);
  });
  if (added) added = index_.set_taken(name, upto);
  return added ? index_.commit() : added;
}

// The file first: taken again from its beginning, it would be there twice.
Result<void> Collector::remove(const std::string& name) {
  if (::unlink(fmt::format("{}/{}", folder_, name).c_str()) != 0 && errno != ENOENT)
    return fail_errno(name, errno);
  return forget_file(name);
}

Result<void> Collector::forget_file(const std::string& name) {
  if (auto begun = index_.begin(); !begun) return begun;
  if (auto done = index_.forget_file(name); !done) return done;
  return index_.commit();
}

Result<bool> Collector::make_smaller(WallTime until) {
  while (true) {
    const auto more = retention_.make_smaller();
    if (!more || !*more) return more;
    if (clock_.now() >= until) return true;
  }
}

Result<bool> Collector::forget(WallTime until) {
  const auto left = make_smaller(until);
  if (!left || *left) return left;
  const WallTime now = clock_.now();
  if (forgot_at_ && *forgot_at_ <= now && now - *forgot_at_ < kForgetEvery) return false;
  while (true) {
    const auto more = retention_.forget_old(now);
    if (!more) return more;
    if (!*more) break;
    if (clock_.now() >= until) return true;
  }
  forgot_at_ = now;
  return false;
}

}  // namespace postrider::trace
