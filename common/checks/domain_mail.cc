#include "common/checks/domain_mail.h"

#include <utility>

namespace postrider::checks {

namespace {

class Lookup final : public Pending {
 public:
  Lookup(net::Resolver& resolver, std::string domain, UniqueFunction<void(DomainMail)> done)
      : resolver_(resolver), domain_(std::move(domain)), done_(std::move(done)) {
    question_ = resolver_.find_mx(domain_, [this](const net::MxAnswer& answer) { on_mx(answer); });
  }

 private:
  void on_mx(const net::MxAnswer& answer) {
    switch (answer.status) {
      case net::DnsStatus::found:
        return finish(answer.records.front().exchange.empty() ? DomainMail::refused
                                                              : DomainMail::taken);
      case net::DnsStatus::no_domain: return finish(DomainMail::no_domain);
      case net::DnsStatus::temporary: return finish(DomainMail::temporary);
      case net::DnsStatus::no_data: break;
    }
    question_ = resolver_.find_addresses(
        domain_, [this](const net::AddressAnswer& addresses) { on_addresses(addresses); });
  }

  void on_addresses(const net::AddressAnswer& answer) {
    switch (answer.status) {
      case net::DnsStatus::found: return finish(DomainMail::taken);
      case net::DnsStatus::temporary: return finish(DomainMail::temporary);
      case net::DnsStatus::no_data:
      case net::DnsStatus::no_domain: break;
    }
    finish(DomainMail::none);
  }

  // `done_` may destroy this object.
  void finish(DomainMail mail) {
    auto done = std::move(done_);
    done(mail);
  }

  net::Resolver& resolver_;
  const std::string domain_;
  UniqueFunction<void(DomainMail)> done_;
  PendingPtr question_;
};

}  // namespace

PendingPtr find_domain_mail(net::Resolver& resolver, std::string domain,
                            UniqueFunction<void(DomainMail)> done) {
  return std::make_unique<Lookup>(resolver, std::move(domain), std::move(done));
}

}  // namespace postrider::checks
