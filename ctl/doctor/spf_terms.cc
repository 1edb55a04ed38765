#include "ctl/doctor/spf_terms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::ctl {

namespace {

using Addresses = std::span<const net::IpAddress>;

// Those of whom only DNS knows whom they name (RFC 7208 sections 5.2 to 5.7), and all.
constexpr std::array<std::string_view, 6> kMayName{"all", "include", "a", "mx", "ptr", "exists"};
constexpr std::array<std::string_view, 2> kNetworks{"ip4", "ip6"};
constexpr std::string_view kAll = "all";
constexpr std::string_view kRedirect = "redirect=";
constexpr std::string_view kQualifiers = "+-?~";

template <typename Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view one) { return equals_ignoring_case(one, name); });
}

// All behind the version; ABNF: terms = *( 1*SP ( directive / modifier ) ) (section 4.6.1).
std::vector<std::string_view> terms_of(std::string_view spf) {
  std::vector<std::string_view> terms;
  for (std::size_t space = spf.find(' '); space != std::string_view::npos; space = spf.find(' ')) {
    spf.remove_prefix(space + 1);
    if (const std::string_view term = spf.substr(0, spf.find(' ')); !term.empty())
      terms.push_back(term);
  }
  return terms;
}

// What is without a qualifier has "+" (section 4.6.2).
struct Directive {
  char qualifier = '+';
  std::string_view name;   // "mx"
  std::string_view value;  // behind the colon
};

Directive directive_of(std::string_view term) {
  Directive directive;
  if (kQualifiers.find(term.front()) != std::string_view::npos) {
    directive.qualifier = term.front();
    term.remove_prefix(1);
  }
  const std::size_t end = term.find_first_of(":/");
  directive.name = term.substr(0, end);
  if (end != std::string_view::npos && term[end] == ':') directive.value = term.substr(end + 1);
  return directive;
}

// "192.0.2.7/24": of the address as many bits count as the length says (section 5.6), and those
// behind them may be set.
bool is_in(std::string_view value, const net::IpAddress& address) {
  const std::size_t slash = value.find('/');
  const auto base = net::IpAddress::parse(value.substr(0, slash));
  if (!base) return false;
  std::string octets(base->octets());
  const std::size_t all = octets.size() * 8;
  std::size_t bits = all;
  if (slash != std::string_view::npos) {
    const std::string_view length = value.substr(slash + 1);
    const auto read = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (read.ec != std::errc() || read.ptr != length.data() + length.size() || bits > all)
      return false;
  }
  for (std::size_t bit = bits; bit < all; ++bit)
    octets[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(octets[bit / 8]) & ~(0x80U >> bit % 8));
  const auto network =
      net::Network::parse(fmt::format("{}/{}", net::IpAddress(octets).str(), bits));
  return network && network->contains(address);
}

bool may_pass(const Directive& directive, Addresses addresses) {
  if (directive.qualifier != '+') return false;
  if (is_one_of(kMayName, directive.name)) return true;
  if (!is_one_of(kNetworks, directive.name)) return false;
  return addresses.empty() ||
         std::any_of(addresses.begin(), addresses.end(), [&](const net::IpAddress& address) {
           return is_in(directive.value, address);
         });
}

}  // namespace

bool may_pass(std::string_view spf, Addresses addresses) {
  const std::vector<std::string_view> terms = terms_of(spf);
  const auto any = [&](auto holds) { return std::any_of(terms.begin(), terms.end(), holds); };
  if (any([&](std::string_view term) { return may_pass(directive_of(term), addresses); }))
    return true;
  // Section 6.1: beside "all" it does not count.
  return any([](std::string_view term) { return starts_with_ignoring_case(term, kRedirect); }) &&
         !any([](std::string_view term) {
           return equals_ignoring_case(directive_of(term).name, kAll);
         });
}

}  // namespace postrider::ctl
