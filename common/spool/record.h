// record.h - the byte format of segments and of .done files. No I/O.
//
// All numbers are little endian. Both kinds of file begin with a header of 32 octets, of which
// every version keeps the first 16 in this form:
//      0  8  magic: "PRSEG\r\n\x1a" or "PRDONE\n\x1a"
//      8  2  version, 1
//     10  2  0
//     12  4  checksum: low half of XXH3-64 over the header with this field 0
//     16  8  salt, drawn at random for the segment; its .done file has the same
//     24  8  segment: microseconds since 1970; .done file: 0
//
// Segment: its header, then records, each beginning at a multiple of 8
//   record header, 48 octets
//      0  4  magic "PRrc"
//      4  2  version, 1
//      6  1  kind: 1 message, 2 message whose content is the file large/<id>, 3 seal
//      7  1  0
//      8  4  octets of the envelope, at most kMaxEnvelope
//     12  4  check: low half of XXH3-64, seeded with salt + offset of the record, over octets 0 to
//     39
//            with this field 0
//     16  8  octets of the content (kind 3: the number of records before it)
//     24  8  XXH3-64 of the content
//     32  8  octets of the segment that were durable when this record was written
//     40  8  checksum: XXH3-64, seeded with salt + offset of the record, over octets 0 to 39 and
//     the
//            envelope
//   then the envelope (envelope.proto), the content (kind 1), and zeros to a multiple of 8.
//
// A sender chooses the content of messages, so it could contain what looks like a record. The salt
// makes the checksums of such a forgery impossible to know, and the offset those of a copied
// record. The check of the header alone keeps a search behind damage from reading an envelope, up
// to kMaxEnvelope octets, for each forgery it meets.
//
// .done file: its header, then entries of 32 octets
//      0  8  offset of the record in the segment
//      8  8  recipient: XXH3-64 of its address; 0 for the whole record
//     16  4  kind: 1 finished, 2 promoted to the old generation
//     20  4  0
//     24  8  checksum: XXH3-64, seeded with the salt, over octets 0 to 23
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::spool {

inline constexpr std::size_t kSegmentHeaderSize = 32;
inline constexpr std::size_t kDoneHeaderSize = 32;
inline constexpr std::size_t kRecordHeaderSize = 48;
inline constexpr std::size_t kDoneEntrySize = 32;
inline constexpr std::size_t kRecordAlignment = 8;
// 1,000 recipients of 320 octets and their DSN parameters, with room.
inline constexpr std::uint32_t kMaxEnvelope = 4U << 20U;
// No message is larger, whatever the configuration: a bound for recovery.
inline constexpr std::uint64_t kMaxContent = std::uint64_t{1} << 40U;

struct SegmentHeader {
  std::uint64_t salt = 0;
  std::uint64_t created_us = 0;
};

struct DoneHeader {
  std::uint64_t salt = 0;
};

enum class RecordKind : std::uint8_t { message = 1, large_message = 2, seal = 3 };

struct RecordHeader {
  RecordKind kind = RecordKind::message;
  std::uint32_t envelope_length = 0;
  std::uint64_t content_length = 0;
  std::uint64_t content_checksum = 0;
  std::uint64_t durable_before = 0;
};

enum class DoneKind : std::uint32_t { finished = 1, promoted = 2 };

struct DoneEntry {
  std::uint64_t record = 0;     // offset in the segment
  std::uint64_t recipient = 0;  // recipient_key(), or 0 for the whole record
  DoneKind kind = DoneKind::finished;
};

// XXH3-64.
std::uint64_t checksum(std::string_view bytes) noexcept;

// What stands for a recipient in a .done entry; never 0.
std::uint64_t recipient_key(std::string_view address) noexcept;

// `bytes` of the decoders has as many octets as a header. An Error of kind invalid: whole, and of a
// version that is not known here; of kind corrupt: not what was written.
std::string encode(const SegmentHeader& header);
Result<SegmentHeader> decode_segment_header(std::string_view bytes);
std::string encode(const DoneHeader& header);
Result<DoneHeader> decode_done_header(std::string_view bytes);

// Header and envelope of the record that will stand at `offset`.
std::string encode(const RecordHeader& header, std::string_view envelope, std::uint64_t salt,
                   std::uint64_t offset);
// The header as it stands at `offset`, so that the envelope can be read, which is not yet verified.
// `bytes` has at least kRecordHeaderSize octets.
Result<RecordHeader> decode_record_header(std::string_view bytes, std::uint64_t salt,
                                          std::uint64_t offset);
// Whether header and envelope, as they stand at `offset`, are what was written.
bool verify_record(std::string_view header_and_envelope, std::uint64_t salt, std::uint64_t offset);

// Octets that the record takes in its segment, padding included.
std::uint64_t record_size(const RecordHeader& header) noexcept;

std::string encode(const DoneEntry& entry, std::uint64_t salt);
Result<DoneEntry> decode_done_entry(std::string_view bytes, std::uint64_t salt);

}  // namespace postrider::spool
