#include "common/spool/record.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/check.h"

namespace postrider::spool {

namespace {

constexpr std::string_view kSegmentMagic("PRSEG\r\n\x1a", 8);
constexpr std::string_view kDoneMagic("PRDONE\n\x1a", 8);
constexpr std::string_view kRecordMagic("PRrc", 4);
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kFileHeaderSize = 32;
static_assert(kSegmentHeaderSize == kFileHeaderSize && kDoneHeaderSize == kFileHeaderSize);
constexpr std::size_t kChecksummedHeader = kRecordHeaderSize - 8;
// Where both kinds of header hold the checksum of themselves, in 4 octets.
constexpr std::size_t kHeaderCheckAt = 12;

template <typename Int>
void put(std::string& to, Int value) {
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(Int); ++i, rest >>= 8U) to += static_cast<char>(rest & 0xffU);
}

template <typename Int>
Int get(std::string_view from, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Int); i-- > 0;)
    value = (value << 8U) | static_cast<unsigned char>(from[at + i]);
  return static_cast<Int>(value);
}

std::uint64_t seeded(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// Low half of XXH3-64 over the header, with the field that holds it 0.
template <std::size_t Size>
std::uint32_t header_check(std::string_view header, std::uint64_t seed) {
  std::array<char, Size> bytes;
  header.copy(bytes.data(), bytes.size());
  std::fill_n(bytes.begin() + kHeaderCheckAt, sizeof(std::uint32_t), '\0');
  return static_cast<std::uint32_t>(seeded({bytes.data(), bytes.size()}, seed));
}

void set_header_check(std::string& header, std::uint32_t check) {
  std::string octets;
  put(octets, check);
  header.replace(kHeaderCheckAt, octets.size(), octets);
}

std::string encode_file_header(std::string_view magic, std::uint64_t first, std::uint64_t second) {
  std::string bytes(magic);
  put(bytes, kVersion);
  put(bytes, std::uint16_t{0});
  put(bytes, std::uint32_t{0});
  put(bytes, first);
  put(bytes, second);
  set_header_check(bytes, header_check<kFileHeaderSize>(bytes, 0));
  return bytes;
}

// The checksum before the version: a damaged version is not a newer one.
Result<void> check_file_header(std::string_view bytes, std::string_view magic,
                               std::string_view what) {
  POSTRIDER_CHECK(bytes.size() == kFileHeaderSize);
  if (!bytes.starts_with(magic)) return fail(ErrorKind::corrupt, fmt::format("not a {}", what));
  if (get<std::uint32_t>(bytes, kHeaderCheckAt) != header_check<kFileHeaderSize>(bytes, 0))
    return fail(ErrorKind::corrupt, fmt::format("the checksum of the {}'s header is wrong", what));
  if (const auto version = get<std::uint16_t>(bytes, 8); version != kVersion)
    return fail(ErrorKind::invalid,
                fmt::format("the {} is of version {}, and this release knows version {}", what,
                            version, kVersion));
  return {};
}

// Over header (without its checksum) and envelope, which do not lie side by side.
std::uint64_t record_checksum(std::string_view header, std::string_view envelope,
                              std::uint64_t seed) {
  return seeded(header.substr(0, kChecksummedHeader), seeded(envelope, seed));
}

}  // namespace

std::uint64_t checksum(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t recipient_key(std::string_view address) noexcept {
  const std::uint64_t key = checksum(address);
  return key == 0 ? 1 : key;
}

std::string encode(const SegmentHeader& header) {
  return encode_file_header(kSegmentMagic, header.salt, header.created_us);
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (auto checked = check_file_header(bytes, kSegmentMagic, "segment"); !checked)
    return pass_on(std::move(checked.error()));
  return SegmentHeader{.salt = get<std::uint64_t>(bytes, 16),
                       .created_us = get<std::uint64_t>(bytes, 24)};
}

std::string encode(const DoneHeader& header) {
  return encode_file_header(kDoneMagic, header.salt, 0);
}

Result<DoneHeader> decode_done_header(std::string_view bytes) {
  if (auto checked = check_file_header(bytes, kDoneMagic, ".done file"); !checked)
    return pass_on(std::move(checked.error()));
  return DoneHeader{.salt = get<std::uint64_t>(bytes, 16)};
}

std::string encode(const RecordHeader& header, std::string_view envelope, std::uint64_t salt,
                   std::uint64_t offset) {
  std::string bytes(kRecordMagic);
  bytes.reserve(kRecordHeaderSize + envelope.size());
  put(bytes, kVersion);
  put(bytes, static_cast<std::uint8_t>(header.kind));
  put(bytes, std::uint8_t{0});
  put(bytes, header.envelope_length);
  put(bytes, std::uint32_t{0});
  put(bytes, header.content_length);
  put(bytes, header.content_checksum);
  put(bytes, header.durable_before);
  set_header_check(bytes, header_check<kChecksummedHeader>(bytes, salt + offset));
  put(bytes, record_checksum(bytes, envelope, salt + offset));
  bytes += envelope;
  return bytes;
}

Result<RecordHeader> decode_record_header(std::string_view bytes, std::uint64_t salt,
                                          std::uint64_t offset) {
  POSTRIDER_CHECK(bytes.size() >= kRecordHeaderSize);
  const auto kind = get<std::uint8_t>(bytes, 6);
  RecordHeader header{.kind = static_cast<RecordKind>(kind),
                      .envelope_length = get<std::uint32_t>(bytes, 8),
                      .content_length = get<std::uint64_t>(bytes, 16),
                      .content_checksum = get<std::uint64_t>(bytes, 24),
                      .durable_before = get<std::uint64_t>(bytes, 32)};
  if (!bytes.starts_with(kRecordMagic) || get<std::uint16_t>(bytes, 4) != kVersion || kind < 1 ||
      kind > 3 || header.envelope_length > kMaxEnvelope || header.content_length > kMaxContent)
    return fail(ErrorKind::corrupt, "not a record");
  if (get<std::uint32_t>(bytes, kHeaderCheckAt) !=
      header_check<kChecksummedHeader>(bytes, salt + offset))
    return fail(ErrorKind::corrupt, "the checksum of a record's header is wrong");
  return header;
}

bool verify_record(std::string_view header_and_envelope, std::uint64_t salt, std::uint64_t offset) {
  POSTRIDER_CHECK(header_and_envelope.size() >= kRecordHeaderSize);
  return get<std::uint64_t>(header_and_envelope, kChecksummedHeader) ==
         record_checksum(header_and_envelope, header_and_envelope.substr(kRecordHeaderSize),
                         salt + offset);
}

std::uint64_t record_size(const RecordHeader& header) noexcept {
  std::uint64_t size = kRecordHeaderSize + std::uint64_t{header.envelope_length};
  if (header.kind == RecordKind::message) size += header.content_length;
  return (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

std::string encode(const DoneEntry& entry, std::uint64_t salt) {
  std::string bytes;
  bytes.reserve(kDoneEntrySize);
  put(bytes, entry.record);
  put(bytes, entry.recipient);
  put(bytes, static_cast<std::uint32_t>(entry.kind));
  put(bytes, std::uint32_t{0});
  put(bytes, seeded(bytes, salt));
  return bytes;
}

Result<DoneEntry> decode_done_entry(std::string_view bytes, std::uint64_t salt) {
  POSTRIDER_CHECK(bytes.size() == kDoneEntrySize);
  const DoneEntry entry{.record = get<std::uint64_t>(bytes, 0),
                        .recipient = get<std::uint64_t>(bytes, 8),
                        .kind = static_cast<DoneKind>(get<std::uint32_t>(bytes, 16))};
  if (encode(entry, salt) != bytes) return fail(ErrorKind::corrupt, "a damaged entry");
  return entry;
}

}  // namespace postrider::spool
