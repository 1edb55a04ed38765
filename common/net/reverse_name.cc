#include "common/net/reverse_name.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace postrider::net {

namespace {

class ReverseLookup final : public Pending {
 public:
  ReverseLookup(Resolver& resolver, const IpAddress& address,
                UniqueFunction<void(ReverseName)> done)
      : resolver_(resolver), address_(address), done_(std::move(done)) {
    question_ =
        resolver_.find_names(address_, [this](NameAnswer answer) { named(std::move(answer)); });
  }

 private:
  using Status = ReverseName::Status;

  void named(NameAnswer answer) {
    if (answer.status == DnsStatus::temporary) return finish({Status::temporary, ""});
    if (answer.names.empty()) return finish({Status::none, ""});
    names_ = std::move(answer.names);
    ask_next();
  }

  void ask_next() {
    if (asked_ == names_.size())
      return finish({doubtful_ ? Status::temporary : Status::unconfirmed, names_.front()});
    question_ = resolver_.find_addresses(names_[asked_++],
                                         [this](const AddressAnswer& answer) { found(answer); });
  }

  void found(const AddressAnswer& answer) {
    const auto& all = answer.addresses;
    if (std::find(all.begin(), all.end(), address_) != all.end())
      return finish({Status::confirmed, names_[asked_ - 1]});
    if (answer.status == DnsStatus::temporary) doubtful_ = true;
    ask_next();
  }

  // `done_` may destroy this object.
  void finish(ReverseName name) {
    auto done = std::move(done_);
    done(std::move(name));
  }

  Resolver& resolver_;
  const IpAddress address_;
  UniqueFunction<void(ReverseName)> done_;
  std::vector<std::string> names_;
  std::size_t asked_ = 0;  // of names_
  bool doubtful_ = false;  // one of them could not be asked
  PendingPtr question_;
};

}  // namespace

PendingPtr find_reverse_name(Resolver& resolver, const IpAddress& address,
                             UniqueFunction<void(ReverseName)> done) {
  return std::make_unique<ReverseLookup>(resolver, address, std::move(done));
}

}  // namespace postrider::net
