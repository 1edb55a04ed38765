#include "common/routing/srs.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/smtp/address.h"

namespace postrider::routing {

namespace {

constexpr std::string_view kFirst = "SRS0";
constexpr std::string_view kFurther = "SRS1";
constexpr std::string_view kSeparators = "=+-";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::int64_t kDays = 32 * 32;  // then they begin anew

struct Parts {
  std::string_view local;
  std::string_view domain;
};

std::optional<Parts> split(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return std::nullopt;
  return Parts{address.substr(0, at), address.substr(at + 1)};
}

bool begins_with(std::string_view local, std::string_view tag) noexcept {
  return starts_with_ignoring_case(local, tag) && local.size() > tag.size() &&
         kSeparators.find(local[tag.size()]) != std::string_view::npos;
}

// Takes what stands before the next '=' off the front of `text`; nothing where there is none.
std::optional<std::string_view> take_field(std::string_view& text) {
  const std::size_t end = text.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

// Whether what stands behind the hash of SRS1 is a host and what follows SRS0 there, which begins
// with a separator: else the hash of an SRS0 would sign it as well, whose day is then the host.
bool leads_back(std::string_view text) {
  const auto host = take_field(text);
  return host && !host->empty() && !text.empty() &&
         kSeparators.find(text.front()) != std::string_view::npos;
}

std::int64_t day_of(WallTime now) {
  return std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch()).count() / 24;
}

std::string day_text(WallTime now) {
  const auto day = static_cast<std::size_t>(day_of(now) % kDays);
  return {kBase32[day / 32], kBase32[day % 32]};
}

std::string hash_of(const Secret& secret, std::string_view text) {
  const std::string lower = to_lower(text);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  const std::string_view key = secret.reveal();
  ::crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                                key.size());
  ::crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(lower.data()),
                                  lower.size());
  ::crypto_auth_hmacsha256_final(&state, mac.data());
  std::string hash;
  for (std::size_t i = 0; i < Srs::kHash; ++i) {
    const std::size_t bit = 5 * i;
    const unsigned two = static_cast<unsigned>(mac[bit / 8]) << 8U | mac[bit / 8 + 1];
    hash += kBase32[two >> (11U - bit % 8) & 31U];
  }
  return hash;
}

tl::unexpected<Error> nobody(const char* why) { return fail(ErrorKind::invalid, why); }

constexpr const char* kMalformed = "this is no address that bounces go to";
constexpr const char* kNotOurs = "this address was not made here";
constexpr const char* kOver = "the time for bounces to this address is over";

}  // namespace

bool Srs::is_rewritten(std::string_view address, std::string_view domain) noexcept {
  const auto parts = split(address);
  return parts && equals_ignoring_case(parts->domain, domain) &&
         (begins_with(parts->local, kFirst) || begins_with(parts->local, kFurther));
}

std::string Srs::rewrite(std::string_view sender, WallTime now) const {
  const auto parts = split(sender);
  if (!parts || parts->domain.find('=') != std::string_view::npos) return std::string(sender);
  std::string local;
  if (begins_with(parts->local, kFurther)) {
    // Whoever was before us leads back to the same host: our hash takes the place of theirs.
    std::string_view rest = parts->local.substr(kFurther.size() + 1);
    if (!take_field(rest) || !leads_back(rest)) return std::string(sender);
    local = fmt::format("{}={}={}", kFurther, hash_of(secrets_.front(), rest), rest);
  } else if (begins_with(parts->local, kFirst)) {
    const std::string signed_text =
        fmt::format("{}={}", parts->domain, parts->local.substr(kFirst.size()));
    local = fmt::format("{}={}={}", kFurther, hash_of(secrets_.front(), signed_text), signed_text);
  } else {
    const std::string signed_text =
        fmt::format("{}={}={}", day_text(now), parts->domain, parts->local);
    local = fmt::format("{}={}={}", kFirst, hash_of(secrets_.front(), signed_text), signed_text);
  }
  // A local part takes no brackets and no quotes but around all of it, and 64 octets.
  std::string rewritten = local + '@' + domain_;
  return smtp::parse_mailbox(rewritten, smtp::Charset::utf8) ? rewritten : std::string(sender);
}

Result<std::string> Srs::reverse(std::string_view address, WallTime now) const {
  const auto parts = split(address);
  if (!parts) return nobody(kMalformed);
  const bool first = begins_with(parts->local, kFirst);
  if (!first && !begins_with(parts->local, kFurther)) return nobody(kMalformed);
  std::string_view rest = parts->local.substr(kFirst.size() + 1);
  const auto hash = take_field(rest);
  if (!hash) return nobody(kMalformed);
  if (!is_signed(*hash, rest)) return nobody(kNotOurs);
  if (!first) {
    if (!leads_back(rest)) return nobody(kMalformed);
    const auto host = take_field(rest);
    return fmt::format("{}{}@{}", kFirst, rest, *host);
  }
  const auto day = take_field(rest);
  const auto domain = day ? take_field(rest) : std::nullopt;
  if (!domain || domain->empty() || rest.empty()) return nobody(kMalformed);
  if (auto checked = check_day(*day, now); !checked) return pass_on(std::move(checked.error()));
  return fmt::format("{}@{}", rest, *domain);
}

// In a time that does not depend on where they differ.
bool Srs::is_signed(std::string_view hash, std::string_view text) const {
  const std::string given = to_lower(hash);
  return given.size() == kHash &&
         std::any_of(secrets_.begin(), secrets_.end(), [&](const Secret& secret) {
           const std::string right = to_lower(hash_of(secret, text));
           return ::sodium_memcmp(given.data(), right.data(), kHash) == 0;
         });
}

Result<void> Srs::check_day(std::string_view day, WallTime now) const {
  if (day.size() != 2) return nobody(kMalformed);
  std::int64_t said = 0;
  for (const char c : day) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const std::size_t value = kBase32.find(upper);
    if (value == std::string_view::npos) return nobody(kMalformed);
    said = said * 32 + static_cast<std::int64_t>(value);
  }
  const std::int64_t age = ((day_of(now) - said) % kDays + kDays) % kDays;
  if (std::chrono::hours(24 * age) > lifetime_) return nobody(kOver);
  return {};
}

}  // namespace postrider::routing
