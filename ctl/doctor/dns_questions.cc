#include "ctl/doctor/dns_questions.h"

namespace postrider::ctl {

namespace {

constexpr const char* kNoAnswer = "no DNS server answered in time";

}  // namespace

DnsQuestions::DnsQuestions(const config::Settings& settings, std::chrono::seconds patience)
    : patience_(patience),
      resolver_(loop_, {settings.dns.servers, patience, 1}),
      timer_(loop_, [this] { loop_.stop(); }) {}

void DnsQuestions::find(const std::string& name, net::RecordType type, net::RecordAnswer& answer) {
  answer.reason = kNoAnswer;
  pending_.push_back(resolver_.find_records(name, type, take_into(answer)));
}

void DnsQuestions::find(const std::string& host, net::AddressAnswer& answer) {
  answer.reason = kNoAnswer;
  pending_.push_back(resolver_.find_addresses(host, take_into(answer)));
}

void DnsQuestions::find(const std::string& domain, net::MxAnswer& answer) {
  answer.reason = kNoAnswer;
  pending_.push_back(resolver_.find_mx(domain, take_into(answer)));
}

void DnsQuestions::find(const net::IpAddress& address, net::ReverseName& answer) {
  pending_.push_back(net::find_reverse_name(resolver_, address, take_into(answer)));
}

void DnsQuestions::wait() {
  if (open_ > 0) {
    timer_.arm(patience_);
    loop_.run();
    timer_.disarm();
  }
  // Who comes later finds nobody: what it would be written to may be gone.
  pending_.clear();
  open_ = 0;
}

}  // namespace postrider::ctl
