#include "common/net/caching_resolver.h"

#include <algorithm>
#include <utility>

namespace postrider::net {

PendingPtr CachingResolver::find_mx(const std::string& domain,
                                    UniqueFunction<void(MxAnswer)> done) {
  return find(mx_, domain, std::move(done), [this, &domain](UniqueFunction<void(MxAnswer)> told) {
    return source_.find_mx(domain, std::move(told));
  });
}

PendingPtr CachingResolver::find_addresses(const std::string& host,
                                           UniqueFunction<void(AddressAnswer)> done) {
  return find(addresses_, host, std::move(done),
              [this, &host](UniqueFunction<void(AddressAnswer)> told) {
                return source_.find_addresses(host, std::move(told));
              });
}

PendingPtr CachingResolver::find_names(const IpAddress& address,
                                       UniqueFunction<void(NameAnswer)> done) {
  return find(names_, address.str(), std::move(done),
              [this, &address](UniqueFunction<void(NameAnswer)> told) {
                return source_.find_names(address, std::move(told));
              });
}

template <typename Answer, typename Ask>
PendingPtr CachingResolver::find(Entries<Answer>& entries, const std::string& name,
                                 UniqueFunction<void(Answer)> done, Ask ask) {
  struct Cancel final : Pending {
    explicit Cancel(WaiterPtr<Answer> w) : waiter(std::move(w)) {}
    ~Cancel() override { waiter->cancelled = true; }
    WaiterPtr<Answer> waiter;
  };
  const auto waiter = std::make_shared<Waiter<Answer>>();
  waiter->done = std::move(done);

  if (entries.size() >= kMaxNames)
    std::erase_if(entries, [](const auto& entry) { return !entry.second.question; });
  Entry<Answer>& entry = entries[name];
  if (loop_.now() < entry.expires) {
    loop_.defer([waiter, answer = entry.answer]() mutable {
      if (!waiter->cancelled) waiter->done(std::move(answer));
    });
    return std::make_unique<Cancel>(waiter);
  }
  entry.waiters.push_back(waiter);
  if (!entry.question) {
    entry.question =
        ask([this, &entries, name](Answer answer) { answered(entries, name, std::move(answer)); });
  }
  return std::make_unique<Cancel>(waiter);
}

template <typename Answer>
void CachingResolver::answered(Entries<Answer>& entries, const std::string& name, Answer answer) {
  Entry<Answer> asked = std::move(entries[name]);
  const std::chrono::microseconds lifetime =
      answer.status == DnsStatus::temporary
          ? lifetimes_.of_failure
          : std::clamp<std::chrono::microseconds>(answer.ttl, lifetimes_.least, lifetimes_.most);
  entries[name] = {answer, loop_.now() + lifetime, nullptr, {}};
  for (const WaiterPtr<Answer>& waiter : asked.waiters)
    if (!waiter->cancelled) waiter->done(answer);
}

}  // namespace postrider::net
