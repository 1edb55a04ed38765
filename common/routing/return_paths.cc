#include "common/routing/return_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/fd.h"
#include "common/event/answer_later.h"

namespace postrider::routing {

namespace {

constexpr mode_t kKeyMode = 0640;
// What is read of the file of secrets: some 90 of those that ensure_key() makes.
constexpr std::size_t kMaxKeyFile = 4096;
// Of a new secret, in 64-bit numbers: as long as its HMAC.
constexpr std::size_t kSecretWords = 4;

// Empty lines and those that begin with # are none.
std::vector<Secret> secrets_in(std::string_view text) {
  std::vector<Secret> secrets;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty() && line.front() != '#') secrets.emplace_back(std::string(line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return secrets;
}

Result<std::vector<Secret>> read_secrets(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(path, errno);
  std::array<char, kMaxKeyFile> text;
  const ssize_t n = ::read(fd.get(), text.data(), text.size());
  if (n < 0) return fail_errno(path, errno);
  auto secrets = secrets_in({text.data(), static_cast<std::size_t>(n)});
  if (secrets.empty()) return fail(ErrorKind::invalid, path + ": there is no secret in it");
  return secrets;
}

bool rewrites(const config::Settings& settings) { return settings.forward.rewrite == "srs"; }

std::string key_file(const config::Settings& settings) { return settings.paths.data + "/srs.key"; }

const std::string& domain(const config::Settings& settings) {
  return settings.forward.domain.empty() ? settings.hostname : settings.forward.domain;
}

std::string make_secret(Random& random) {
  std::string octets;
  for (std::size_t i = 0; i < kSecretWords; ++i) {
    std::uint64_t word = random.next();
    for (std::size_t octet = 0; octet < sizeof word; ++octet, word >>= 8U)
      octets += static_cast<char>(word & 0xffU);
  }
  return to_base64(octets) + '\n';
}

// smtpd, which has another user, must know by it what was made here: the group of the folder reads
// it, whatever the umask. A user who is not in that group runs all processes alone.
Result<void> give_to_group_of(const std::string& folder, int fd) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0)
    static_cast<void>(::fchown(fd, static_cast<uid_t>(-1), status.st_gid) == 0);
  if (::fchmod(fd, kKeyMode) != 0) return fail_errno("fchmod", errno);
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno(folder, errno);
  return {};
}

}  // namespace

// Under another name until it is whole: who reads it finds all of it or nothing.
Result<void> ReturnPaths::ensure_key(const config::Settings& settings, Random& random) {
  const std::string path = key_file(settings);
  if (!rewrites(settings) || ::access(path.c_str(), F_OK) == 0) return {};
  const std::string unfinished = path + ".new";
  const Fd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kKeyMode));
  if (!fd) return fail_errno(unfinished, errno);
  if (auto given = give_to_group_of(settings.paths.data, fd.get()); !given) return given;
  const std::string text = make_secret(random);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail_errno(unfinished, errno);
  if (::fsync(fd.get()) != 0) return fail_errno(unfinished, errno);
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return fail_errno(path, errno);
  return sync_folder(settings.paths.data);
}

Result<Srs> ReturnPaths::scheme() const {
  auto secrets = read_secrets(key_file(settings_));
  if (!secrets) return pass_on(std::move(secrets.error()));
  return Srs(std::move(*secrets), domain(settings_), settings_.forward.srs_lifetime);
}

// What was rewritten finds its way back even when nothing more is rewritten.
PendingPtr ReturnPaths::find_recipient(std::string_view address,
                                       UniqueFunction<void(Result<RecipientAnswer>)> done) {
  const bool ours = Srs::is_rewritten(address, domain(settings_)) &&
                    ::access(key_file(settings_).c_str(), F_OK) == 0;
  if (!ours) return directory_.find_recipient(address, std::move(done));
  return event::answer_later(loop_, find_rewritten(address), std::move(done));
}

Result<ReturnPaths::RecipientAnswer> ReturnPaths::find_rewritten(std::string_view address) const {
  const auto srs = scheme();
  if (!srs) return fail(ErrorKind::temporary, srs.error().text);
  auto sender = srs->reverse(address, clock_.now());
  if (!sender)
    return RecipientAnswer{.kind = RecipientAnswer::Kind::unknown_user,
                           .reason = std::move(sender.error().text)};
  return RecipientAnswer{
      .kind = RecipientAnswer::Kind::alias, .targets = {std::move(*sender)}, .bounces_only = true};
}

PendingPtr ReturnPaths::find_return_path(const std::string& sender,
                                         UniqueFunction<void(Result<std::string>)> done) {
  return directory_.find_recipient(sender, [this, sender, done = std::move(done)](
                                               const Result<RecipientAnswer>& answer) mutable {
    // Where the directory is away, one too many that is rewritten does no harm.
    const bool ours = answer && answer->kind != RecipientAnswer::Kind::foreign;
    if (ours || !rewrites(settings_)) return done(sender);
    auto srs = scheme();
    if (!srs) return done(fail(ErrorKind::temporary, std::move(srs.error().text)));
    done(srs->rewrite(sender, clock_.now()));
  });
}

}  // namespace postrider::routing
