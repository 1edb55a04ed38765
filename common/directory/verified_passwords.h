// verified_passwords.h - which passwords were found right lately, and by which hashes: so that a
// client that comes again and again costs one slow hash, whichever worker it meets.
//
// Kept is a digest of password and hash, keyed with a secret of this daemon: what was stolen from
// its memory is of use nowhere else. That a password fits a hash stays true; whose hash it is, and
// whether that user may log in, is looked up each time, so that a change of the directory counts at
// once and costs nobody else anything. Only what is right is kept: guessing costs as ever.
//
// Made by the parent of a daemon, before it forks: the workers share the memory, which is in no
// file and in no core dump. Bounded: 1.5 MiB; what was asked for longest ago is forgotten.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/secret.h"

namespace postrider::directory {

class VerifiedPasswords {
 public:
  // One that nobody has given for so long is to be verified again.
  static constexpr std::chrono::minutes kKept{30};
  // A digest has its place in one of the sets alone.
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kPlaces = 8;

  using Digest = std::array<std::uint64_t, 2>;

  // Throws std::system_error without memory.
  VerifiedPasswords();
  ~VerifiedPasswords();
  VerifiedPasswords(const VerifiedPasswords&) = delete;
  VerifiedPasswords& operator=(const VerifiedPasswords&) = delete;

  // Of a password that fits `hash`, in the form of password_fits().
  Digest digest(std::string_view hash, const Secret& password) const;

  // `now` is of a loop, which is the same in all workers. From any process.
  bool knows(const Digest& digest, std::chrono::microseconds now);
  void note(const Digest& digest, std::chrono::microseconds now);

 private:
  struct Table;
  Table& table_;
};

}  // namespace postrider::directory
