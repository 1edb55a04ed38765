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

// ehlo-line = ehlo-keyword *( SP ehlo-param )
void add_line(std::string_view line, Extensions& extensions) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view keyword = line.substr(0, space);
  for (const Offer& offer : kOffers)
    if (equals_ignoring_case(keyword, offer.keyword)) extensions.*offer.member = true;
  if (equals_ignoring_case(keyword, kSize))
    extensions.size_limit = parse_size(trim(line.substr(space)));
}

// limits = 1*( SP name "=" value ) (RFC 9422 section 3)
std::string to_parameters(const Limits& limits) {
  std::string parameters = fmt::format(" RCPTMAX={}", limits.rcpt_max);
  if (limits.mail_max != 0) parameters += fmt::format(" MAILMAX={}", limits.mail_max);
  if (limits.rcpt_domain_max != 0)
    parameters += fmt::format(" RCPTDOMAINMAX={}", limits.rcpt_domain_max);
  return parameters;
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
  std::string_view rest = reply.text;
  // The first line is the server's name and greeting.
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);
    add_line(rest.substr(0, rest.find('\n')), extensions);
  }
  return extensions;
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
