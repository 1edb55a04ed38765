// dns_questions.h - several questions to DNS at once, and the time that they have together.
//
// Each answer is written where the caller says; one that did not come in time is temporary.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/pending.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/net/cares_resolver.h"
#include "common/net/reverse_name.h"

namespace postrider::ctl {

class DnsQuestions {
 public:
  // `patience`: of each wait(). Asks the servers of the configuration, else the host's.
  DnsQuestions(const config::Settings& settings, std::chrono::seconds patience);

  // What an answer is written to stays where it is until wait() returns.
  void find(const std::string& name, net::RecordType type, net::RecordAnswer& answer);
  void find(const std::string& host, net::AddressAnswer& answer);
  void find(const std::string& domain, net::MxAnswer& answer);
  void find(const net::IpAddress& address, net::ReverseName& answer);

  // Until all that was asked since the last time is answered, or the time is over.
  void wait();

 private:
  template <typename Answer>
  auto take_into(Answer& answer) {
    ++open_;
    return [this, &answer](Answer given) {
      answer = std::move(given);
      if (--open_ == 0) loop_.stop();
    };
  }

  std::chrono::seconds patience_;
  event::EventLoop loop_;
  net::CaresResolver resolver_;
  event::Timer timer_;
  std::size_t open_ = 0;
  std::vector<PendingPtr> pending_;
};

}  // namespace postrider::ctl
