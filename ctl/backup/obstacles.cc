#include "ctl/backup/obstacles.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/regular_file.h"
#include "common/metrics/reading.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/trace/file_name.h"
#include "ctl/backup/copy.h"
#include "ctl/backup/owners.h"

namespace postrider::ctl::backup {

namespace {

namespace fs = std::filesystem;

// The first in `folder` or below that is no folder, "" if there is none. `passed_over` says what
// may be there.
Result<std::string> first_file(const std::string& folder,
                               const std::function<bool(const std::string&)>& passed_over) {
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return std::string();
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (passed_over(at->path().string())) {
      at.disable_recursion_pending();
    } else if (at->symlink_status(error).type() != fs::file_type::directory) {
      return at->path().string();
    }
  }
  if (error) return fail_errno(folder, error.value());
  return std::string();
}

// `also` is to be done then, before the start.
Error in_the_way(const std::string& file, const std::string& root, std::string_view also = {}) {
  return {ErrorKind::invalid,
          fmt::format("{0}: is in the way, as a restore puts nothing in the place of another "
                      "file. To keep what is there: mv {1} {1}.before{2}. Nothing was changed",
                      file, root, also)};
}

// A folder that the backup fills.
struct Tree {
  const std::string& root;
  std::function<bool(const std::string&)> passed_over;
  std::string_view also = {};  // as in_the_way() tells it
};

// Tells all that is in the way at once.
Result<void> require_empty(const std::vector<Tree>& trees) {
  std::string all;
  for (const Tree& tree : trees) {
    const auto found = first_file(tree.root, tree.passed_over);
    if (!found) return pass_on(found.error());
    if (!found->empty())
      all += (all.empty() ? "" : "; ") + in_the_way(*found, tree.root, tree.also).text;
  }
  if (!all.empty()) return fail(ErrorKind::invalid, all);
  return {};
}

Result<void> require_same(const Entry& entry, const std::string& place) {
  if (!is_there(place)) return {};
  std::error_code error;  // of a link that leads nowhere: it is in the way
  const std::string real = fs::canonical(place, error).string();
  const auto there = sum_octets(error ? place : real);
  if (there && *there == Octets{entry.size, entry.checksum}) return {};
  return pass_on(in_the_way(place, place));
}

}  // namespace

Result<std::vector<Fd>> require_at_rest(const config::Settings& settings) {
  spool::Disk& disk = spool::system_disk();
  std::set<std::string> running;
  for (const metrics::Life& life :
       metrics::read(metrics::counters_folder(settings.paths.run)).lives)
    running.insert(life.process);
  std::vector<Fd> held;
  const std::array<std::pair<std::string, const char*>, 2> locks{
      {{settings.paths.run + "/postrider.pid", "postrider run"},
       {spool::Paths{settings.paths.spool}.queued_lock(), "queued"}}};
  for (const auto& [path, process] : locks) {
    auto fd = open_regular_file(path);
    if (!fd && fd.error().kind == ErrorKind::not_found) continue;
    if (!fd)  // what is unknown may run
      return fail(fd.error().kind,
                  fmt::format("{}: so it is not known whether {} runs: move it aside, where "
                              "nothing does. Nothing was changed",
                              fd.error().text, process));
    const auto locked = disk.lock(fd->get());
    if (locked && !*locked) running.insert(process);
    held.push_back(std::move(*fd));
  }
  if (running.empty()) return held;
  return fail(ErrorKind::invalid,
              fmt::format("the instance with the run directory {} is in use, by {}: stop it, and "
                          "try again. Nothing was changed",
                          settings.paths.run, fmt::join(running, ", ")));
}

Result<void> require_room(const Backup& backup, const config::Settings& settings,
                          const Survey& survey, const Places& places) {
  const std::string configuration = places.of(kConfigPath).value_or("");
  const std::string lock = spool::Paths{settings.paths.spool}.queued_lock();
  const std::string trace = trace::folder_of(settings.paths.data);
  const std::string index = trace::index_path(settings.paths.data);
  const std::string index_folder = trace::index_folder_of(settings.paths.data);
  // Of an installed suite, and in no backup (etc/tmpfiles.d).
  constexpr std::string_view kMakeLink =
      ", and before the start: systemd-tmpfiles --create postrider.conf";
  std::error_code ignored;
  const bool has_link = fs::is_symlink(index, ignored);
  std::vector<Tree> trees{
      {settings.paths.spool, [&](const std::string& path) { return path == lock; }},
      {settings.paths.data,
       [&](const std::string& path) {
         return path == configuration || path == trace || path == index_folder ||
                path.starts_with(index);
       },
       has_link ? kMakeLink : ""}};
  if (backup.manifest.mailboxes)
    trees.push_back({settings.paths.mail, [](const std::string&) { return false; }});
  if (auto empty = require_empty(trees); !empty) return empty;
  for (const Entry& entry : survey.named)
    if (const auto place = places.of(entry.path))
      if (auto same = require_same(entry, *place); !same) return same;
  return {};
}

Result<void> require_owners(const Survey& survey) {
  if (::geteuid() != 0) return {};
  Owners owners;
  std::vector<std::string> unknown;
  for (const std::string& name : survey.owners)
    if (!owners.user_id(name)) unknown.push_back("user " + name);
  for (const std::string& name : survey.groups)
    if (!owners.group_id(name)) unknown.push_back("group " + name);
  if (unknown.empty()) return {};
  return fail(ErrorKind::invalid,
              fmt::format("this host has no {}, whose files are in the backup: make them first "
                          "(systemd-sysusers, for those of the suite). Nothing was changed",
                          fmt::join(unknown, ", ")));
}

}  // namespace postrider::ctl::backup
