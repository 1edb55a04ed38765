// dns_questions.h - several questions to DNS at once, and the time that they have in all.
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
  // `patience`: from now on, for all that is ever asked here. Asks the servers of the
  // configuration, else the host's.
  DnsQuestions(const config::Settings& settings, std::chrono::seconds patience);

  // What an answer is written to outlives this, and stays where it is.
  void find(const std::string& name, net::RecordType type, net::RecordAnswer& answer);
  void find(const std::string& host, net::AddressAnswer& answer);
  void find(const std::string& domain, net::MxAnswer& answer);
  void find(const net::IpAddress& address, net::ReverseName& answer);

  // Until all is answered, or the time is over.
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

  event::EventLoop loop_;
  net::CaresResolver resolver_;
  event::Timer timer_;
  bool is_over_ = false;
  std::size_t open_ = 0;
  std::vector<PendingPtr> pending_;
};

}  // namespace postrider::ctl
