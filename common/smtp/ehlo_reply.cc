#include "common/smtp/ehlo_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/smtp/xclient.h"

namespace postrider::smtp {

namespace {

constexpr std::string_view kSize = "SIZE";
constexpr std::string_view kLimits = "LIMITS";
constexpr std::string_view kFutureRelease = "FUTURERELEASE";
constexpr std::string_view kXclient = "XCLIENT";
constexpr std::string_view kAuth = "AUTH";

struct Offer {
  std::string_view keyword;
  bool Extensions::*member;
};
// In the order in which our server names them.
constexpr auto kOffers = std::to_array<Offer>({
    {"PIPELINING", &Extensions::pipelining},
    {kSize, &Extensions::size},
    {"8BITMIME", &Extensions::eight_bit_mime},
    {"ENHANCEDSTATUSCODES", &Extensions::enhanced_status_codes},
    {"CHUNKING", &Extensions::chunking},
    {"BINARYMIME", &Extensions::binary_mime},
    {"DSN", &Extensions::dsn},
    {"SMTPUTF8", &Extensions::smtputf8},
    {"MT-PRIORITY", &Extensions::mt_priority},
    {kLimits, &Extensions::limits},
    {kFutureRelease, &Extensions::future_release},
    {"STARTTLS", &Extensions::starttls},
    {"REQUIRETLS", &Extensions::requiretls},
    {kXclient, &Extensions::xclient},
    {kAuth, &Extensions::auth},
});

// RFC 1870 section 4: at most 20 digits; 0 or none means that no limit is told.
std::uint64_t parse_size(std::string_view parameter) {
  std::uint64_t limit = 0;
  const auto [end, error] =
      std::from_chars(parameter.data(), parameter.data() + parameter.size(), limit);
  return error == std::errc() && end == parameter.data() + parameter.size() ? limit : 0;
}

void add_line(std::string_view keyword, std::string_view parameters, Extensions& extensions) {
  for (const Offer& offer : kOffers)
    if (equals_ignoring_case(keyword, offer.keyword)) extensions.*offer.member = true;
  if (equals_ignoring_case(keyword, kSize)) extensions.size_limit = parse_size(parameters);
}

struct NamedLimit {
  std::string_view name;
  std::uint64_t Limits::*member;
};
constexpr auto kNamedLimits = std::to_array<NamedLimit>({
    {"RCPTMAX=", &Limits::rcpt_max},
    {"MAILMAX=", &Limits::mail_max},
    {"RCPTDOMAINMAX=", &Limits::rcpt_domain_max},
});

// %x31-39 0*5DIGIT for each of them (RFC 9422 section 4); 0: it is none.
std::uint64_t parse_limit(std::string_view value) {
  constexpr std::size_t kMaxDigits = 6;
  return value.size() > kMaxDigits || value.starts_with('0') ? 0 : parse_size(value);
}

// limits = 1*( SP name "=" value ) (RFC 9422 section 3)
void add_limits(std::string_view parameters, Limits& limits) {
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find(' '));
    for (const NamedLimit& limit : kNamedLimits)
      if (starts_with_ignoring_case(parameter, limit.name))
        limits.*limit.member = parse_limit(parameter.substr(limit.name.size()));
    parameters.remove_prefix(std::min(parameters.size(), parameter.size() + 1));
  }
}

std::string to_parameters(const Limits& limits) {
  std::string parameters;
  for (const NamedLimit& limit : kNamedLimits)
    if (limits.*limit.member != 0)
      parameters += fmt::format(" {}{}", limit.name, limits.*limit.member);
  return parameters;
}

// Calls `add` with keyword and parameters of each line but the first, which is the server's name
// and greeting: ehlo-line = ehlo-keyword *( SP ehlo-param )
template <typename Add>
void for_each_line(const Reply& reply, Add add) {
  std::string_view rest = reply.text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t space = std::min(line.find(' '), line.size());
    add(line.substr(0, space), trim(line.substr(space)));
  }
}

}  // namespace

std::vector<std::string_view> extension_keywords() {
  std::vector<std::string_view> keywords;
  for (const Offer& offer : kOffers) keywords.push_back(offer.keyword);
  return keywords;
}

void withdraw(std::string_view keyword, Extensions& extensions) {
  for (const Offer& offer : kOffers)
    if (offer.keyword == keyword) extensions.*offer.member = false;
}

Extensions parse_ehlo_reply(const Reply& reply) {
  Extensions extensions;
  for_each_line(reply, [&](std::string_view keyword, std::string_view parameters) {
    add_line(keyword, parameters, extensions);
  });
  return extensions;
}

Limits parse_limits(const Reply& reply) {
  Limits limits;
  for_each_line(reply, [&](std::string_view keyword, std::string_view parameters) {
    if (equals_ignoring_case(keyword, kLimits)) add_limits(parameters, limits);
  });
  return limits;
}

Reply ehlo_reply(const std::string& hostname, const Extensions& extensions,
                 std::string_view mechanisms, const Limits& limits) {
  Reply reply{250, "", hostname};
  for (const Offer& offer : kOffers) {
    if (!(extensions.*offer.member)) continue;
    reply.text += fmt::format("\n{}", offer.keyword);
    if (offer.keyword == kSize) reply.text += fmt::format(" {}", extensions.size_limit);
    if (offer.keyword == kFutureRelease)
      reply.text += fmt::format(" {} {}", extensions.future_release_max.count(),
                                to_timestamp(extensions.future_release_until));
    if (offer.keyword == kXclient) reply.text += ' ' + xclient_attributes();
    if (offer.keyword == kLimits) reply.text += to_parameters(limits);
    if (offer.keyword == kAuth) reply.text += fmt::format(" {}", mechanisms);
  }
  return reply;
}

}  // namespace postrider::smtp
