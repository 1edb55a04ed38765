#include "common/maildir/file_name.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::maildir {

namespace {

constexpr std::size_t kMaxHost = 64;
constexpr std::size_t kHashLength = 16;
constexpr std::size_t kMaxUniqueId = 70;  // RFC 1939 section 7
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

template <typename Int>
std::optional<Int> parse_number(std::string_view text) noexcept {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-')
    return std::nullopt;
  return value;
}

// The middle part of `base` if it is one of ours, else empty.
std::string_view unique_part(std::string_view base) noexcept {
  const std::size_t begin = base.find('.') + 1;
  const std::size_t end = base.find('.', begin);
  if (begin == 0 || end == std::string_view::npos) return {};
  const std::string_view unique = base.substr(begin, end - begin);
  if (unique.size() != MessageId::kLength + kHashLength) return {};
  if (!MessageId::parse(unique.substr(0, MessageId::kLength))) return {};
  const std::string_view hash = unique.substr(MessageId::kLength);
  return hash.find_first_not_of("0123456789abcdef") == std::string_view::npos ? unique
                                                                              : std::string_view();
}

// RFC 1939 section 7.
bool is_unique_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kMaxUniqueId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_encoded(char c) noexcept { return c == '%' || c == '/' || c == ',' || c == ':'; }

std::string encode(std::string_view id) {
  std::string encoded;
  for (const char c : id) {
    if (is_encoded(c)) {
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      encoded += c;
    }
  }
  return encoded;
}

// Empty where it is not encoded as we do, so that no two ways of writing give one id.
std::string decode(std::string_view encoded) {
  std::string id;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      id += encoded[i];
      continue;
    }
    const std::size_t high = i + 1 < encoded.size() ? kHexDigits.find(encoded[i + 1]) : 16;
    const std::size_t low = i + 2 < encoded.size() ? kHexDigits.find(encoded[i + 2]) : 16;
    if (high > 7 || low > 15) return {};
    id += static_cast<char>(high * 16 + low);
    if (!is_encoded(id.back())) return {};
    i += 2;
  }
  return id;
}

std::string hash_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string host_label(std::string_view hostname) {
  std::string label(hostname.substr(0, kMaxHost));
  std::replace_if(
      label.begin(), label.end(),
      [](char c) { return !is_alnum(c) && c != '.' && c != '-' && c != '_'; }, '_');
  return label;
}

std::string base_name(std::int64_t arrival_seconds, const MessageId& id, std::string_view mailbox,
                      std::string_view host) {
  return fmt::format("{}.{}{:016x}.{}", arrival_seconds, id.view(),
                     XXH3_64bits(mailbox.data(), mailbox.size()), host);
}

bool same_message(std::string_view a, std::string_view b) noexcept {
  const std::string_view unique = unique_part(a);
  return unique.empty() ? a == b : unique == unique_part(b);
}

std::string_view message_key(std::string_view base) noexcept {
  const std::string_view unique = unique_part(base);
  if (unique.empty()) return base;
  return base.substr(static_cast<std::size_t>(unique.data() - base.data()) - 1, unique.size() + 1);
}

FileName FileName::parse(std::string_view name) noexcept {
  FileName parsed;
  const std::size_t colon = std::min(name.find(':'), name.size());
  parsed.stem = name.substr(0, colon);
  parsed.flags = name.substr(colon);
  std::size_t comma = std::min(parsed.stem.find(','), parsed.stem.size());
  parsed.base = parsed.stem.substr(0, comma);
  const std::size_t dot = parsed.base.find('.');
  if (dot != 0 && dot != std::string_view::npos)
    parsed.seconds = parse_number<std::int64_t>(parsed.base.substr(0, dot));
  if (parsed.seconds > kMaxSeconds) parsed.seconds.reset();
  while (comma < parsed.stem.size()) {
    const std::size_t begin = comma + 1;
    comma = std::min(parsed.stem.find(',', begin), parsed.stem.size());
    const std::string_view parameter = parsed.stem.substr(begin, comma - begin);
    if (parameter.size() <= 2) continue;
    if (parameter.starts_with("S=")) parsed.size = parse_number<std::uint64_t>(parameter.substr(2));
    if (parameter.starts_with("W="))
      parsed.wire_size = parse_number<std::uint64_t>(parameter.substr(2));
    if (parameter.starts_with("D="))
      parsed.downgraded_size = parse_number<std::uint64_t>(parameter.substr(2));
    if (parameter.starts_with("U=")) parsed.unique_id = parameter.substr(2);
  }
  return parsed;
}

std::string unique_id(std::string_view base) {
  if (const std::string_view unique = unique_part(base); !unique.empty())
    return std::string(unique);
  return is_unique_id(base) ? std::string(base) : hash_of(base);
}

std::string unique_id(const FileName& name) {
  if (!name.unique_id.empty())
    if (std::string id = decode(name.unique_id); is_unique_id(id)) return id;
  return unique_id(name.base);
}

std::string_view unique_id_within(const FileName& name) noexcept {
  if (name.unique_id.find('%') != std::string_view::npos) return {};
  if (is_unique_id(name.unique_id)) return name.unique_id;
  if (const std::string_view unique = unique_part(name.base); !unique.empty()) return unique;
  return is_unique_id(name.base) ? name.base : std::string_view();
}

// A base has no comma, so this is the natural id of no other.
std::string other_unique_id(std::string_view base) { return hash_of(fmt::format("{},U=", base)); }

std::int64_t seconds_of(const FileName& name, std::int64_t written) noexcept {
  return name.seconds.value_or(std::clamp<std::int64_t>(written, 0, kMaxSeconds));
}

std::string with_unique_id(const FileName& name, std::string_view id) {
  std::string stem(name.base);
  for (std::string_view rest = name.stem.substr(name.base.size()); !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find(',', 1));
    if (!parameter.starts_with(",U=")) stem += parameter;
    rest.remove_prefix(parameter.size());
  }
  return fmt::format("{},U={}", stem, encode(id));
}

std::string with_sizes(const FileName& name, const Sizes& sizes) {
  std::string stem(name.stem);
  if (!name.size) stem += fmt::format(",S={}", sizes.file);
  if (!name.wire_size) stem += fmt::format(",W={}", sizes.wire);
  if (!name.downgraded_size && sizes.downgraded) stem += fmt::format(",D={}", *sizes.downgraded);
  return stem;
}

}  // namespace postrider::maildir
