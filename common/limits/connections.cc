#include "common/limits/connections.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "common/limits/open_at_start.h"

namespace postrider::limits {

namespace {

constexpr std::chrono::minutes kRatePeriod{1};

bool reached(double count, std::uint64_t limit) {
  return limit != 0 && count >= static_cast<double>(limit);
}

}  // namespace

Tally open_tally(const std::string& run_directory, std::string_view daemon, log::Logger& log) {
  const std::string path = fmt::format("{}/{}.clients", run_directory, daemon);
  auto tally = open_at_start([&] { return Tally::open(path); });
  if (tally) return std::move(*tally);
  log.warning("clients_not_shared")
      .with("reason", tally.error().text)
      .with("effect", "each worker counts what a client does for itself");
  return {};
}

struct Connections::Scope {
  Tally::Key address, network;
};

Connections::Connections(Tally& tally, const Clock& clock, ConnectionLimits limits)
    : tally_(tally), clock_(clock), limits_(std::move(limits)) {}

Connections::Scope Connections::scope(const net::IpAddress& address) const {
  return {tally_.key("connections of an address", address.octets()),
          tally_.key("connections of a network", net::Network::around(address).str())};
}

Tally::Key Connections::user(unsigned uid) const {
  return tally_.key("connections of a user", std::to_string(uid));
}

bool Connections::is_limited(const net::IpAddress& address) const {
  return !address.is_unspecified() && !net::contains(limits_.unlimited, address);
}

std::optional<std::string_view> Connections::enter(const net::IpAddress& address) {
  if (!is_limited(address)) return std::nullopt;
  const WallTime now = clock_.now();
  const auto [one, network] = scope(address);
  const auto present = [&](Tally::Key key) { return static_cast<double>(tally_.present(key)); };
  if (reached(present(one), limits_.per_address))
    return "too many connections from your address, try again later";
  if (reached(present(network), limits_.per_network))
    return "too many connections from your network, try again later";
  if (reached(tally_.level(one, kRatePeriod, now), limits_.rate_per_address))
    return "connections too often from your address, try again later";
  if (reached(tally_.level(network, kRatePeriod, now), limits_.rate_per_network))
    return "connections too often from your network, try again later";
  for (const Tally::Key key : {one, network}) {
    tally_.enter(key, now);
    tally_.add(key, 1, kRatePeriod, now);
  }
  return std::nullopt;
}

void Connections::leave(const net::IpAddress& address) {
  if (!is_limited(address)) return;
  const auto [one, network] = scope(address);
  tally_.leave(one);
  tally_.leave(network);
}

std::optional<std::string_view> Connections::enter_user(unsigned uid) {
  const Tally::Key key = user(uid);
  if (reached(static_cast<double>(tally_.present(key)), limits_.per_address))
    return "too many connections from clients like you, try again later";
  tally_.enter(key, clock_.now());
  return std::nullopt;
}

void Connections::leave_user(unsigned uid) { tally_.leave(user(uid)); }

}  // namespace postrider::limits
