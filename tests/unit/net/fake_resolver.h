// fake_resolver.h - DNS as a test wants it to be.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/event/event_loop.h"
#include "common/net/resolver.h"

namespace postrider::test {

// Answers from tables on the next turn of the loop; what is not in them does not exist.
class FakeResolver final : public net::Resolver {
 public:
  explicit FakeResolver(event::EventLoop& loop) : loop_(loop) {}

  std::map<std::string, net::MxAnswer> mx;
  std::map<std::string, net::AddressAnswer> hosts;
  std::map<std::string, net::NameAnswer> names;  // by address
  bool silent = false;                           // no answer ever comes
  int questions = 0;

  PendingPtr find_mx(const std::string& domain, UniqueFunction<void(net::MxAnswer)> done) override {
    return answer(mx, domain, std::move(done));
  }
  PendingPtr find_addresses(const std::string& host,
                            UniqueFunction<void(net::AddressAnswer)> done) override {
    return answer(hosts, host, std::move(done));
  }
  PendingPtr find_names(const net::IpAddress& address,
                        UniqueFunction<void(net::NameAnswer)> done) override {
    return answer(names, address.str(), std::move(done));
  }

 private:
  struct Asked final : Pending {
    ~Asked() override { *alive = false; }
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // second owner: the loop's task
  };

  template <typename Answer>
  PendingPtr answer(const std::map<std::string, Answer>& table, const std::string& name,
                    UniqueFunction<void(Answer)> done) {
    ++questions;
    auto asked = std::make_unique<Asked>();
    if (silent) return asked;
    const auto found = table.find(name);
    loop_.defer([alive = asked->alive, done = std::move(done),
                 answer = found == table.end()
                              ? Answer{net::DnsStatus::no_domain, {}, "no such name"}
                              : found->second]() mutable {
      if (*alive) done(std::move(answer));
    });
    return asked;
  }

  event::EventLoop& loop_;
};

inline net::AddressAnswer addresses(std::initializer_list<std::string_view> ips) {
  net::AddressAnswer answer{net::DnsStatus::found, {}, ""};
  for (const std::string_view ip : ips) answer.addresses.push_back(*net::IpAddress::parse(ip));
  return answer;
}

}  // namespace postrider::test
