// bans.h - who gave wrong passwords, and who is banned for it, in one file that all processes
// share.
//
// A row is an address (or its network) or an account, with its failures and the end of its ban. It
// is kept by name, so that an operator can see and lift it. Failures fade: one that is `memory` old
// counts for 1/e. smtpd, pop3d and the command write the rows under a lock on the file that lasts
// for microseconds; whether anybody is banned at all is one read of memory, without the lock. Each
// call may fail as temporary, when another process keeps the lock (shared_file.h).
//
// Bounded: kRows rows. Where there is no room, the row goes whose last failure is longest ago, and
// a ban that is in force only for another: a failure that finds nothing else to push out is
// forgotten.
//
//   file = magic (8), hash key (16), end of the last ban (8), zeros up to 4096 | kRows rows
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace postrider::limits {

class SharedFile;

enum class BanKind : std::uint8_t { address = 1, account = 2 };
std::string_view name_of(BanKind kind) noexcept;

struct BanLimits {
  double failures = 0;  // so many and no more; 0: any number
  std::chrono::seconds memory{};
  std::chrono::seconds duration{};
};

struct BanRow {
  BanKind kind = BanKind::address;
  std::string name;
  double failures = 0;
  WallTime last_failure{};
  std::optional<WallTime> banned_until;  // while it is in force
  bool begins = false;                   // of a ban that this failure brought
};

class Bans {
 public:
  static constexpr std::size_t kRows = 8192;
  // What is longer is cut: an account's name is as long as an address may be (RFC 5321 section
  // 4.5.3.1), with room to spare.
  static constexpr std::size_t kMaxName = 320;

  // Maps `path`, and makes it if it is not there. Invalid: the file is something else; temporary:
  // the file system is full.
  static Result<Bans> open(const std::string& path);
  // The same, but not_found if it is not there.
  static Result<Bans> open_existing(const std::string& path);
  // Of this process alone: for tests, and where the file cannot be had.
  Bans();
  Bans(Bans&&) noexcept;
  Bans& operator=(Bans&&) noexcept;
  ~Bans();

  // One failure more; it may bring a ban, or prolong one. Gives the row as it is now.
  Result<BanRow> fail(BanKind kind, std::string_view name, const BanLimits& limits, WallTime now);
  // The end of a ban that is in force.
  Result<std::optional<WallTime>> banned_until(BanKind kind, std::string_view name,
                                               WallTime now) const;

  // Rows with a ban in force or a failure that is not faded away, bans first, then by name.
  Result<std::vector<BanRow>> list(std::chrono::seconds memory, WallTime now) const;
  Result<void> ban(BanKind kind, std::string_view name, WallTime until, WallTime now);
  // Forgets a ban and the failures; false: there is no such row.
  Result<bool> lift(BanKind kind, std::string_view name);

 private:
  struct Row;
  struct File;
  explicit Bans(std::unique_ptr<File> file);
  static Result<Bans> reserved(Result<SharedFile> opened, const std::string& path);

  std::unique_ptr<File> file_;
};

}  // namespace postrider::limits
