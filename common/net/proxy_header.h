// proxy_header.h - the header by which a proxy says who its client is, before all else.
//
// Versions 1 (a line of text) and 2 (binary) of the PROXY protocol, as HAProxy's
// doc/proxy-protocol.txt defines them. Octets in, a header or its defect out, no I/O. What is
// ill-formed is never guessed at.
//
//   v1  "PROXY" SP ( "TCP4" / "TCP6" ) SP source SP destination SP port SP port CRLF
//       "PROXY" SP "UNKNOWN" [ anything ] CRLF
//   v2  signature (12) | version 2, command (1) | family, transport (1) | length (2) |
//       addresses | *( type (1) | length (2) | value )
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/net/address.h"

namespace postrider::net {

struct ProxyHeader {
  enum class Source : std::uint8_t {
    client,   // `address` is the client's
    proxy,    // the proxy speaks for itself, as to see whether we are there
    unknown,  // a client whose address is not told, or that has none
  };
  Source source = Source::unknown;
  SocketAddress address;
};

class ProxyHeaderReader {
 public:
  enum class Step : std::uint8_t { incomplete, done, bad };

  // Section 2.1: the longest line of v1, with CRLF.
  static constexpr std::size_t kMaxLine = 107;
  // Of v2, with all its fields. The document allows 65,551 octets; proxies send some hundred.
  static constexpr std::size_t kMaxHeader = 4096;

  // Takes from the front of `input` what belongs to the header, and no octet of what follows it.
  // Not to be called again once it is done or bad.
  Step take(std::string_view& input);

  const ProxyHeader& header() const noexcept { return header_; }  // once done
  std::string_view defect() const noexcept { return defect_; }    // once bad

 private:
  bool is_binary() const noexcept { return held_.front() == '\r'; }
  std::size_t least_missing() const noexcept;
  std::size_t binary_size() const noexcept;
  Step look();
  Step look_at_line();
  Step look_at_binary();
  Step read_line(std::string_view line);
  Step read_binary();
  Step read_fields(std::size_t begin);
  Step bad(std::string_view why);

  std::string held_;
  ProxyHeader header_;
  std::string_view defect_;
};

}  // namespace postrider::net
