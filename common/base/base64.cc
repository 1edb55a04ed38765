#include "common/base/base64.h"

#include <cstdint>

namespace postrider {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kPad = '=';
constexpr std::size_t kGroup = 4;   // digits of 6 bits
constexpr std::size_t kOctets = 3;  // that they stand for

}  // namespace

std::string to_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + kOctets - 1) / kOctets * kGroup);
  for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), kOctets))) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kOctets; ++i)
      bits = bits << 8U | (i < octets.size() ? static_cast<unsigned char>(octets[i]) : 0U);
    for (std::size_t i = 0; i < kGroup; ++i)
      text += i <= octets.size() ? kAlphabet[bits >> (18U - 6U * i) & 63U] : kPad;
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % kGroup != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == kPad) ++padding;
  std::string octets;
  octets.reserve(text.size() / kGroup * kOctets);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pads = i >= text.size() - padding;
    const std::size_t digit = pads ? 0 : kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    if (i % kGroup != kGroup - 1) continue;
    for (std::size_t octet = 0; octet < kOctets; ++octet)
      octets += static_cast<char>(bits >> (16U - 8U * octet) & 255U);
    bits = 0;
  }
  // The bits that padding leaves over are zero (RFC 4648 section 3.5).
  for (std::size_t i = 0; i < padding; ++i) {
    if (octets.back() != '\0') return std::nullopt;
    octets.pop_back();
  }
  return octets;
}

}  // namespace postrider
