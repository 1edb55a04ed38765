#include "deliverd/remote/host_memory.h"

namespace postrider::deliverd {

void HostMemory::on_failed(const net::SocketAddress& address, const smtp::Reply& why,
                           std::chrono::microseconds now) {
  on_session(address);
  if (hosts_.size() == kMaxHosts) on_session(net::SocketAddress(failures_.front().address));
  hosts_[address] = failures_.insert(failures_.end(), {address, why, now});
}

void HostMemory::on_session(const net::SocketAddress& address) {
  const auto found = hosts_.find(address);
  if (found == hosts_.end()) return;
  failures_.erase(found->second);
  hosts_.erase(found);
}

const smtp::Reply* HostMemory::recall(const net::SocketAddress& address,
                                      std::chrono::microseconds now) const {
  const auto found = hosts_.find(address);
  if (found == hosts_.end() || now - found->second->when >= kBackoff) return nullptr;
  return &found->second->why;
}

}  // namespace postrider::deliverd
