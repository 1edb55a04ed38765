// caching_resolver.h - a Resolver that remembers answers for as long as DNS allows.
//
// A burst of mail to one domain asks the same questions thousands of times: they are asked once,
// and who asks meanwhile waits for the same answer. A failure is remembered for a moment (RFC 2308
// section 7 allows five minutes): else each message of a burst waits anew for a server that is
// away.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/event/event_loop.h"
#include "common/net/resolver.h"

namespace postrider::net {

class CachingResolver final : public Resolver {
 public:
  // How long answers are remembered: as DNS says, but within these bounds, so that a burst shares
  // one question whatever a zone says, and nothing outlives a morning's change of servers.
  struct Lifetimes {
    std::chrono::microseconds least = std::chrono::seconds{60};
    std::chrono::microseconds most = std::chrono::hours{1};
    std::chrono::microseconds of_failure = std::chrono::seconds{2};
  };
  // Names that are remembered; beyond, all answers are forgotten.
  static constexpr std::size_t kMaxNames = 10000;

  // Both outlive the resolver.
  CachingResolver(event::EventLoop& loop, Resolver& source, const Lifetimes& lifetimes)
      : loop_(loop), source_(source), lifetimes_(lifetimes) {}

  PendingPtr find_mx(const std::string& domain, UniqueFunction<void(MxAnswer)> done) override;
  PendingPtr find_addresses(const std::string& host,
                            UniqueFunction<void(AddressAnswer)> done) override;
  PendingPtr find_names(const IpAddress& address, UniqueFunction<void(NameAnswer)> done) override;

 private:
  template <typename Answer>
  struct Waiter {
    UniqueFunction<void(Answer)> done;
    bool cancelled = false;
  };
  template <typename Answer>
  using WaiterPtr = std::shared_ptr<Waiter<Answer>>;  // owners: its Pending, and the entry or task

  template <typename Answer>
  struct Entry {
    Answer answer;
    std::chrono::microseconds expires{0};
    PendingPtr question;  // while it is asked
    std::vector<WaiterPtr<Answer>> waiters;
  };
  template <typename Answer>
  using Entries = std::unordered_map<std::string, Entry<Answer>>;

  template <typename Answer, typename Ask>
  PendingPtr find(Entries<Answer>& entries, const std::string& name,
                  UniqueFunction<void(Answer)> done, Ask ask);
  template <typename Answer>
  void answered(Entries<Answer>& entries, const std::string& name, Answer answer);

  event::EventLoop& loop_;
  Resolver& source_;
  const Lifetimes lifetimes_;
  Entries<MxAnswer> mx_;
  Entries<AddressAnswer> addresses_;
  Entries<NameAnswer> names_;
};

}  // namespace postrider::net
