#include "deliverd/remote/address_races.h"

#include <algorithm>
#include <utility>

namespace postrider::deliverd {

namespace {

bool has_both_families(const std::vector<net::IpAddress>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const auto& ip) { return ip.is_v4(); }) &&
         std::any_of(addresses.begin(), addresses.end(),
                     [](const auto& ip) { return !ip.is_v4(); });
}

void put_first(std::vector<net::IpAddress>& addresses, const net::IpAddress& winner) {
  const auto at = std::find(addresses.begin(), addresses.end(), winner);
  if (at != addresses.end()) std::rotate(addresses.begin(), at, at + 1);
}

}  // namespace

PendingPtr AddressRaces::order(const std::string& host, std::vector<net::IpAddress> addresses,
                               std::uint16_t port, std::size_t most, Done done) {
  struct Cancel final : Pending {
    explicit Cancel(std::shared_ptr<Waiter> w) : waiter(std::move(w)) {}
    ~Cancel() override { waiter->cancelled = true; }
    std::shared_ptr<Waiter> waiter;
  };
  const auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  const Host key{host, port};
  const net::IpAddress* const winner = winners_.recall(key, loop_.now());
  if (winner != nullptr || most == 0 || !has_both_families(addresses)) {
    addresses = net::in_turn(addresses, winner != nullptr && winner->is_v4());
    if (winner != nullptr) put_first(addresses, *winner);
    loop_.defer([waiter, ordered = std::move(addresses)]() mutable {
      if (!waiter->cancelled) waiter->done({std::move(ordered), {}});
    });
    return std::make_unique<Cancel>(waiter);
  }
  Race& race = races_[key];
  race.waiters.push_back(waiter);
  if (race.connecting) return std::make_unique<Cancel>(waiter);
  race.addresses = net::in_turn(addresses, false);
  std::vector<net::SocketAddress> raced;
  for (const net::IpAddress& ip : race.addresses)
    if (raced.size() < most) raced.push_back({ip, port});
  race.connecting =
      net::connect_racing(loop_, std::move(raced), connect_timeout_,
                          [this, key](net::RaceResult result) { ended(key, std::move(result)); });
  return std::make_unique<Cancel>(waiter);
}

void AddressRaces::ended(const Host& host, net::RaceResult result) {
  Race race = std::move(races_.extract(host).mapped());
  Order order{std::move(race.addresses), {}};
  if (result.winner) {
    const net::IpAddress winner = result.winner->address.ip;
    winners_.remember(host, winner, loop_.now());
    put_first(order.addresses, winner);
    keep(std::move(*result.winner));
  } else {
    for (net::RaceResult::Failure& failure : result.failures)
      order.silent.emplace(failure.address.ip, std::move(failure.why));
  }
  for (const std::shared_ptr<Waiter>& waiter : race.waiters)
    if (!waiter->cancelled) waiter->done(order);
}

void AddressRaces::keep(net::RaceResult::Winner winner) {
  auto expiry = std::make_unique<event::Timer>(
      loop_, [this, address = winner.address] { spares_.erase(address); });
  expiry->arm(kSpare);
  spares_.insert_or_assign(winner.address, Spare{std::move(winner.socket), std::move(expiry)});
}

std::optional<Fd> AddressRaces::take(const net::Endpoint& endpoint) {
  auto spare = spares_.extract(endpoint);
  if (spare.empty()) return std::nullopt;
  return std::move(spare.mapped().socket);
}

}  // namespace postrider::deliverd
