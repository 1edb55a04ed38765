#include "common/directory/verified_passwords.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <system_error>

#include <sodium.h>

#include "common/base/check.h"

namespace postrider::directory {

namespace {

using Seconds = std::uint32_t;
constexpr auto kRelaxed = std::memory_order_relaxed;

// Seconds from 1 on: 0 is a place where nothing is.
Seconds seconds_of(std::chrono::microseconds now) {
  return 1 + static_cast<Seconds>(std::chrono::floor<std::chrono::seconds>(now).count());
}

bool is_kept(Seconds used, Seconds now) {
  constexpr auto kKept =
      static_cast<Seconds>(std::chrono::seconds(VerifiedPasswords::kKept).count());
  // Another worker's turn may have begun a little later.
  return used != 0 && (used >= now || now - used < kKept);
}

// With its length before it, so that no two inputs are of the same octets.
void feed(crypto_generichash_state& state, std::string_view part) {
  const std::uint64_t size = part.size();
  ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
}

}  // namespace

// Written by all without a lock: of two at once one is lost, and a digest of two halves is
// nobody's.
struct VerifiedPasswords::Table {
  struct Place {
    std::array<std::atomic<std::uint64_t>, 2> digest;
    std::atomic<Seconds> used;

    bool holds(const Digest& wanted) const {
      return digest[0].load(kRelaxed) == wanted[0] && digest[1].load(kRelaxed) == wanted[1];
    }
  };
  std::array<unsigned char, crypto_generichash_KEYBYTES> secret;
  std::array<std::array<Place, kPlaces>, kSets> sets;

  std::array<Place, kPlaces>& set_of(const Digest& digest) { return sets[digest[0] % kSets]; }

  // Zeros, which are a table without entries, as the kernel gives them.
  static Table& map() {
    void* const memory =
        ::mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw std::system_error(errno, std::generic_category(), "memory for verified passwords");
    ::madvise(memory, sizeof(Table), MADV_DONTDUMP);
    return *std::launder(static_cast<Table*>(memory));
  }
};

VerifiedPasswords::VerifiedPasswords() : table_(Table::map()) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  POSTRIDER_CHECK(::sodium_init() >= 0);
  ::randombytes_buf(table_.secret.data(), table_.secret.size());
}

VerifiedPasswords::~VerifiedPasswords() { ::munmap(&table_, sizeof(Table)); }

VerifiedPasswords::Digest VerifiedPasswords::digest(std::string_view hash,
                                                    const Secret& password) const {
  Digest digest{};
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, table_.secret.data(), table_.secret.size(), sizeof digest);
  feed(state, hash);
  feed(state, password.reveal());
  ::crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(digest.data()),
                             sizeof digest);
  return digest;
}

bool VerifiedPasswords::knows(const Digest& digest, std::chrono::microseconds now) {
  const Seconds second = seconds_of(now);
  for (Table::Place& place : table_.set_of(digest)) {
    if (!place.holds(digest) || !is_kept(place.used.load(kRelaxed), second)) continue;
    place.used.store(second, kRelaxed);
    return true;
  }
  return false;
}

void VerifiedPasswords::note(const Digest& digest, std::chrono::microseconds now) {
  auto& set = table_.set_of(digest);
  const auto known = std::find_if(set.begin(), set.end(),
                                  [&](const Table::Place& place) { return place.holds(digest); });
  const auto oldest = std::min_element(set.begin(), set.end(), [](const auto& a, const auto& b) {
    return a.used.load(kRelaxed) < b.used.load(kRelaxed);
  });
  Table::Place& place = known != set.end() ? *known : *oldest;
  place.digest[0].store(digest[0], kRelaxed);
  place.digest[1].store(digest[1], kRelaxed);
  place.used.store(seconds_of(now), kRelaxed);
}

}  // namespace postrider::directory
