// dns_records.h - the records of an answer as they are written in a zone.
//
// RFC 1035 section 3.3 (MX, TXT), RFC 3596 (AAAA), RFC 2782 (SRV).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::net {

enum class RecordType : std::uint16_t { a = 1, mx = 15, txt = 16, aaaa = 28, srv = 33 };

// "MX"; also of the types that the resolver alone asks for, by their number.
std::string_view name_of_type(int type) noexcept;

// In lower case, without the final dot.
std::string host_name(std::string_view name);

// Records of an answer that are read.
inline constexpr std::size_t kMaxRecords = 50;

// Of a whole message of DNS, at most kMaxRecords: "10 mx.example.org.", names in lower case; of a
// TXT its strings as one, without quotes. Those of another type, as the CNAME that led there, and
// what is malformed are left out.
std::vector<std::string> records_of(std::span<const unsigned char> message, RecordType type);

}  // namespace postrider::net
