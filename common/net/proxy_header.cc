#include "common/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace postrider::net {

namespace {

using Step = ProxyHeaderReader::Step;

constexpr std::string_view kWord = "PROXY ";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;  // octets before the addresses

// The 13th octet: version and command. The 14th: family and transport.
constexpr unsigned char kLocal = 0x20;
constexpr unsigned char kProxied = 0x21;
enum Family : unsigned { unspecified = 0, inet = 1, inet6 = 2, unix_socket = 3 };
constexpr unsigned kDatagram = 2;  // the largest transport there is

constexpr unsigned char kChecksum = 0x03;  // PP2_TYPE_CRC32C
constexpr std::size_t kFieldHead = 3;      // type and length

bool begins_alike(std::string_view a, std::string_view b) {
  const std::size_t both = std::min(a.size(), b.size());
  return a.substr(0, both) == b.substr(0, both);
}

unsigned char octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

unsigned two_octets(std::string_view text, std::size_t at) {
  return octet(text, at) * 256U + octet(text, at + 1);
}

// Castagnoli's polynomial 1EDC6F41, reflected.
std::uint32_t crc32c(std::string_view text) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

std::size_t addresses_size(unsigned family) {
  constexpr std::array<std::size_t, 4> kSizes{0, 12, 36, 216};
  return kSizes[family];
}

// Decimal without leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

std::optional<IpAddress> parse_address(std::string_view text, bool v4) {
  const bool has_colon = text.find(':') != std::string_view::npos;
  const auto ip = IpAddress::parse(text);
  if (!ip || has_colon == v4) return std::nullopt;
  return *ip;
}

// Takes what stands before the next space.
std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

}  // namespace

Step ProxyHeaderReader::take(std::string_view& input) {
  Step step = Step::incomplete;
  while (step == Step::incomplete && !input.empty()) {
    const std::size_t taken = std::min(least_missing(), input.size());
    held_ += input.substr(0, taken);
    input.remove_prefix(taken);
    step = look();
  }
  return step;
}

// So many octets more, at least, belong to the header.
std::size_t ProxyHeaderReader::least_missing() const noexcept {
  if (held_.empty() || !is_binary()) return 1;
  return (held_.size() < kFixed ? kFixed : binary_size()) - held_.size();
}

std::size_t ProxyHeaderReader::binary_size() const noexcept {
  return kFixed + two_octets(held_, kFixed - 2);
}

Step ProxyHeaderReader::look() { return is_binary() ? look_at_binary() : look_at_line(); }

Step ProxyHeaderReader::bad(std::string_view why) {
  defect_ = why;
  return Step::bad;
}

// ---- Version 1 ----

Step ProxyHeaderReader::look_at_line() {
  if (!begins_alike(held_, kWord)) return bad("it begins as no PROXY header does");
  if (held_.ends_with("\r\n"))
    return read_line(std::string_view(held_).substr(kWord.size(), held_.size() - kWord.size() - 2));
  return held_.size() < kMaxLine ? Step::incomplete : bad("its line is too long");
}

Step ProxyHeaderReader::read_line(std::string_view line) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return Step::done;
  if (family != "TCP4" && family != "TCP6") return bad("its line names no family that there is");
  const bool v4 = family == "TCP4";
  const auto source = parse_address(take_word(line), v4);
  const auto destination = parse_address(take_word(line), v4);
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(line);
  if (!source || !destination || !source_port || !destination_port)
    return bad("the addresses of its line are wrong");
  header_ = {ProxyHeader::Source::client, {*source, *source_port}};
  return Step::done;
}

// ---- Version 2 ----

Step ProxyHeaderReader::look_at_binary() {
  if (!begins_alike(held_, kSignature)) return bad("it begins as no PROXY header does");
  if (held_.size() < kFixed) return Step::incomplete;
  if (binary_size() > kMaxHeader) return bad("it is too long");
  return held_.size() < binary_size() ? Step::incomplete : read_binary();
}

Step ProxyHeaderReader::read_binary() {
  const unsigned char command = octet(held_, 12);
  if (command == kLocal) {  // Section 2.2: what follows is passed over.
    header_.source = ProxyHeader::Source::proxy;
    return Step::done;
  }
  if (command != kProxied) return bad("its version or command is unknown");
  const unsigned family = octet(held_, 13) >> 4U;
  const unsigned transport = octet(held_, 13) & 0x0fU;
  if (family > unix_socket || transport > kDatagram) return bad("its family is unknown");
  if (transport == kDatagram) return bad("its client sends datagrams");
  const std::size_t fields = kFixed + addresses_size(family);
  if (held_.size() < fields) return bad("its addresses are cut off");
  if (family == inet || family == inet6) {
    const std::size_t size = family == inet ? 4 : 16;
    header_ = {ProxyHeader::Source::client,
               {IpAddress(std::string_view(held_).substr(kFixed, size)),
                static_cast<std::uint16_t>(two_octets(held_, kFixed + 2 * size))}};
  }
  return read_fields(fields);
}

// Section 2.2.4: the checksum is that of the whole header with zeros in its own place.
Step ProxyHeaderReader::read_fields(std::size_t begin) {
  for (std::size_t at = begin; at < held_.size();) {
    if (held_.size() - at < kFieldHead) return bad("its last field is cut off");
    const unsigned char type = octet(held_, at);
    const std::size_t size = two_octets(held_, at + 1);
    at += kFieldHead;
    if (held_.size() - at < size) return bad("its last field is cut off");
    if (type == kChecksum) {
      if (size != 4) return bad("its checksum has not four octets");
      const std::uint32_t told = two_octets(held_, at) * 65536U + two_octets(held_, at + 2);
      std::string zeroed = held_;
      zeroed.replace(at, size, size, '\0');
      if (crc32c(zeroed) != told) return bad("its checksum is wrong");
    }
    at += size;
  }
  return Step::done;
}

}  // namespace postrider::net
