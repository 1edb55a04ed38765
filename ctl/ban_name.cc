#include "ctl/ban_name.h"

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/directory/address.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/net/address.h"
#include "common/smtp/address.h"

namespace postrider::ctl {

using limits::BanKind;

Result<BanName> parse_ban_name(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = net::IpAddress::parse(std::string_view(text).substr(0, slash));
  if (address) {
    BanName named{BanKind::address, net::to_client_name(*address)};
    if (slash == std::string::npos) return named;
    const auto network = net::Network::parse(text);
    if (network && network->str() == (address->is_v4() ? named.name + "/32" : named.name))
      return named;
    return fail(
        ErrorKind::invalid,
        fmt::format("{}: a ban is of one IPv4 address, or of the /64 of an IPv6 address", text));
  }
  const auto account = smtp::parse_mailbox(text, smtp::Charset::utf8);
  if (!account || account->domain.empty())
    return fail(ErrorKind::invalid,
                fmt::format("{}: neither an IP address nor the address of a user", text));
  return account_named(text);
}

BanName account_named(std::string_view login) {
  const auto parts = directory::split_address(login);
  return {BanKind::account, parts ? parts->str() : to_lower(login)};
}

std::string as_counted(const BanName& named, const config::Settings& settings) {
  const std::size_t at = named.name.rfind('@');
  if (named.kind != BanKind::account || at == std::string::npos) return named.name;
  auto directory = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!directory) return named.name;
  const auto aliases = directory->domain_aliases();
  if (!aliases) return named.name;
  for (const directory::DomainAlias& alias : *aliases)
    if (named.name.substr(at + 1) == alias.name) return named.name.substr(0, at + 1) + alias.target;
  return named.name;
}

bool is_known(const BanName& named, const config::Settings& settings) {
  if (named.kind != BanKind::account) return true;
  auto directory = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!directory) return true;
  const auto user = directory->user(as_counted(named, settings));
  return user || user.error().kind != ErrorKind::not_found;
}

}  // namespace postrider::ctl
