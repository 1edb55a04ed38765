#include "ctl/monitor/survey.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/mailbox_rooms.h"
#include "ctl/queue_client.h"

namespace postrider::ctl {

namespace {

constexpr std::chrono::milliseconds kRenewalLook{100};

// A file of /proc, whose parts that matter stand at its beginning.
std::string read_proc(unsigned pid, const char* name) {
  const Fd fd(::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  return std::string(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
}

// The words behind the first `skipped`.
std::optional<std::uint64_t> number_at(std::string_view text, std::size_t skipped) {
  for (; skipped > 0; --skipped) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    text.remove_prefix(blank + 1);
  }
  const std::string word(text.substr(0, text.find_first_of(" \n")));
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(word.c_str(), &end, 10);
  if (word.empty() || *end != '\0') return std::nullopt;
  return number;
}

// proc(5): statm has the resident pages second; behind the name in stat, whose closing parenthesis
// is the last, the ticks in user and in system mode are the 12th and 13th word.
std::optional<ProcessUse> use_of(unsigned pid) {
  const auto pages = number_at(read_proc(pid, "statm"), 1);
  const std::string stat = read_proc(pid, "stat");
  const std::size_t name_end = stat.rfind(')');
  if (!pages || name_end == std::string::npos || name_end + 2 > stat.size()) return std::nullopt;
  const std::string_view behind = std::string_view(stat).substr(name_end + 2);
  const auto user = number_at(behind, 11);
  const auto system = number_at(behind, 12);
  if (!user || !system) return std::nullopt;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return ProcessUse{*pages * page, static_cast<double>(*user + *system) /
                                       static_cast<double>(::sysconf(_SC_CLK_TCK))};
}

std::optional<DiskSpace> space_of(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return std::nullopt;
  return DiskSpace{status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize};
}

template <typename Rows>
void append(auto& to, const Rows& rows) {
  to.insert(to.end(), rows.begin(), rows.end());
}

QueuePicture picture_of(const std::string& run_directory, Depth depth,
                        std::chrono::seconds patience, WallTime now) {
  QueuePicture picture{.asked = now, .depth = depth};
  const auto client = QueueClient::connect(run_directory);
  Result<void> asked;
  if (!client) asked = pass_on(client.error());
  const auto ask = [&](Depth least, ipc::AdminRequest::Verb verb) {
    if (!asked || depth < least) return;
    ipc::AdminRequest request;
    request.set_verb(verb);
    request.mutable_filter()->set_all(true);
    asked = (*client)->ask(
        request,
        [&](const ipc::AdminReply& reply, const Fd&) {
          if (reply.has_status()) picture.status = reply.status();
          if (verb == ipc::AdminRequest::STATUS) append(picture.pauses, reply.pauses());
          append(picture.ages, reply.ages());
          append(picture.failures, reply.failures());
          append(picture.waiting, reply.summary());
          append(picture.outages, reply.outages());
        },
        patience);
  };
  ask(Depth::counts, ipc::AdminRequest::STATUS);
  ask(Depth::ages, ipc::AdminRequest::OVERVIEW);
  ask(Depth::whole, ipc::AdminRequest::SUMMARY);
  if (!asked)
    return {.asked = now,
            .depth = depth,
            .failure = asked.error().text,
            .is_silent = client && (*client)->was_silent()};
  return picture;
}

}  // namespace

Result<std::vector<quota::Room>> nearly_full_mailboxes(const config::Settings& settings) {
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!editor) return pass_on(std::move(editor.error()));
  const auto users = editor->users();
  if (!users) return pass_on(users.error());
  return MailboxRooms(settings).nearly_full(*users);
}

std::vector<std::string_view> daemon_names() {
  return {"smtpd", "queued", "deliverd@local", "deliverd@remote", "pop3d"};
}

bool is_running(const Survey& survey, std::string_view daemon) {
  const auto& lives = survey.reading.lives;
  return std::any_of(lives.begin(), lives.end(),
                     [&](const metrics::Life& life) { return life.process == daemon; });
}

// Who has been silent is not asked again at once, whatever is to be asked. To find nobody there
// costs nothing, and whoever went while it answered has a successor soon.
const QueuePicture& Surveyor::ask_queued(Depth depth) {
  const WallTime now = clock_.now();
  const bool fresh = kept_ && (kept_->failure.empty() || kept_->is_silent) && now >= kept_->asked &&
                     now - kept_->asked < kKept;
  if (!fresh || (kept_->depth < depth && kept_->failure.empty()))
    kept_ = picture_of(settings_.paths.run, depth, patience_, now);
  return *kept_;
}

Survey Surveyor::look(Depth depth) {
  Survey survey;
  survey.queue = ask_queued(depth);
  survey.time = clock_.now();
  survey.reading = metrics::read(metrics::counters_folder(settings_.paths.run));
  for (const metrics::Life& life : survey.reading.lives) survey.uses.push_back(use_of(life.pid));
  survey.spool = space_of(settings_.paths.spool);
  if (depth == Depth::whole) survey.nearly_full = nearly_full_mailboxes(settings_);
  survey.sample = take_sample(survey.time, survey.reading,
                              survey.queued_answers() ? &survey.queue.status : nullptr);
  return survey;
}

Survey look_once(const config::Settings& settings, const Clock& clock, Depth depth,
                 std::chrono::seconds patience) {
  const auto daemons = daemon_names();
  const auto last = std::chrono::steady_clock::now() + kRenewal;
  Surveyor surveyor(settings, clock, patience);
  while (true) {
    Survey survey = surveyor.look(depth);
    const bool whole = survey.queued_answers() &&
                       std::all_of(daemons.begin(), daemons.end(), [&](std::string_view daemon) {
                         return is_running(survey, daemon);
                       });
    if (whole || survey.reading.lives.empty() || std::chrono::steady_clock::now() >= last)
      return survey;
    std::this_thread::sleep_for(kRenewalLook);
  }
}

}  // namespace postrider::ctl
