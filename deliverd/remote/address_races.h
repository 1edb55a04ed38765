// address_races.h - by which of its addresses a host is met: where it has both families, the first
// that answers, found out by one race for all who wait, and remembered for a while.
//
// RFC 8305 (Happy Eyeballs). The socket that won waits for the connection that it is meant for.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/short_memory.h"
#include "common/net/endpoint.h"
#include "common/net/racing_connector.h"

namespace postrider::deliverd {

class AddressRaces {
 public:
  // How long the family that answered first comes first.
  static constexpr std::chrono::minutes kPreference{10};
  static constexpr std::size_t kMaxHosts = 10'000;
  // How long a socket that won waits.
  static constexpr std::chrono::seconds kSpare{5};

  // In which order the addresses are tried. `silent`: those that were tried now, in vain, and why.
  struct Order {
    std::vector<net::IpAddress> addresses;
    std::map<net::IpAddress, std::string> silent;
  };
  using Done = UniqueFunction<void(Order)>;

  // The loop outlives the races.
  AddressRaces(event::EventLoop& loop, std::chrono::seconds connect_timeout)
      : loop_(loop), connect_timeout_(connect_timeout) {}

  // `addresses` of `host`: at least one, at most `most` of which are tried; 0: there is no race.
  // `done` runs later.
  [[nodiscard]] PendingPtr order(const std::string& host, std::vector<net::IpAddress> addresses,
                                 std::uint16_t port, std::size_t most, Done done);

  // That address answers: it needs no race.
  void prefer(const std::string& host, std::uint16_t port, const net::IpAddress& address) {
    winners_.remember({host, port}, address, loop_.now());
  }

  // A socket that is connected to `endpoint`, where a race has left one.
  std::optional<Fd> take(const net::Endpoint& endpoint);

 private:
  struct Waiter {
    Done done;
    bool cancelled = false;
  };
  struct Race {
    std::vector<net::IpAddress> addresses;
    PendingPtr connecting;
    std::vector<std::shared_ptr<Waiter>> waiters;  // second owner: what order() gives
  };
  using Host = std::pair<std::string, std::uint16_t>;

  struct Spare {
    Fd socket;
    std::unique_ptr<event::Timer> expiry;
  };

  void ended(const Host& host, net::RaceResult result);
  void keep(net::RaceResult::Winner winner);

  event::EventLoop& loop_;
  const std::chrono::seconds connect_timeout_;
  std::map<Host, Race> races_;
  ShortMemory<Host, net::IpAddress> winners_{kPreference, kMaxHosts};
  std::map<net::Endpoint, Spare> spares_;
};

}  // namespace postrider::deliverd
