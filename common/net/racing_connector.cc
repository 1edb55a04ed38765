#include "common/net/racing_connector.h"

#include <deque>

#include "common/net/connector.h"

namespace postrider::net {

namespace {

class Race final : public Pending {
 public:
  Race(event::EventLoop& loop, std::vector<SocketAddress> addresses, std::chrono::seconds timeout,
       UniqueFunction<void(RaceResult)> done)
      : loop_(loop),
        addresses_(std::move(addresses)),
        timeout_(timeout),
        done_(std::move(done)),
        stagger_(loop, [this] { begin_next(); }) {
    begin_next();
  }

 private:
  void begin_next() {
    const SocketAddress address = addresses_[attempts_.size()];
    attempts_.push_back(
        connect_tcp(loop_, address, std::nullopt, timeout_,
                    [this, address](Result<Fd> socket) { ended(address, std::move(socket)); }));
    // It may be armed still, for an attempt that failed before its time.
    attempts_.size() < addresses_.size() ? stagger_.arm(kStagger) : stagger_.disarm();
  }

  // `done_` may destroy this object.
  void ended(const SocketAddress& address, Result<Fd> socket) {
    if (socket) {
      result_.winner = {address, std::move(*socket)};
    } else {
      result_.failures.push_back({address, std::move(socket.error().text)});
      if (attempts_.size() < addresses_.size()) return begin_next();
      if (result_.failures.size() < addresses_.size()) return;
    }
    stagger_.disarm();
    attempts_.clear();
    auto done = std::move(done_);
    done(std::move(result_));
  }

  event::EventLoop& loop_;
  const std::vector<SocketAddress> addresses_;
  const std::chrono::seconds timeout_;
  UniqueFunction<void(RaceResult)> done_;
  event::Timer stagger_;
  std::deque<PendingPtr> attempts_;
  RaceResult result_;
};

}  // namespace

PendingPtr connect_racing(event::EventLoop& loop, std::vector<SocketAddress> addresses,
                          std::chrono::seconds timeout, UniqueFunction<void(RaceResult)> done) {
  return std::make_unique<Race>(loop, std::move(addresses), timeout, std::move(done));
}

std::vector<IpAddress> in_turn(const std::vector<IpAddress>& addresses, bool prefer_v4) {
  std::deque<IpAddress> preferred;
  std::deque<IpAddress> others;
  for (const IpAddress& ip : addresses)
    (ip.is_v4() == prefer_v4 ? preferred : others).push_back(ip);
  std::vector<IpAddress> ordered;
  while (!preferred.empty() || !others.empty()) {
    if (!preferred.empty()) {
      ordered.push_back(preferred.front());
      preferred.pop_front();
    }
    preferred.swap(others);
  }
  return ordered;
}

}  // namespace postrider::net
