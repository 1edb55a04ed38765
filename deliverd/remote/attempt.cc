#include "deliverd/remote/attempt.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "common/config/destinations.h"
#include "common/config/next_hops.h"
#include "common/smtp/dialogue.h"
#include "deliverd/remote/route_hosts.h"

namespace postrider::deliverd {

namespace {

using smtp::Outcome;
using smtp::RecipientOutcome;

ipc::Outcome to_ipc(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered: return ipc::DELIVERED;
    case Outcome::failed: return ipc::FAILED;
    case Outcome::deferred:
    case Outcome::untried: break;
  }
  return ipc::DEFERRED;
}

RecipientOutcome our_reason(Outcome outcome, std::string status, std::string text) {
  return {outcome, {0, std::move(status), std::move(text)}};
}

// RFC 3463 section 3.8: security or policy. What is said of the client's address is said of one
// family.
bool is_refused_for_policy(const RecipientOutcome& outcome) {
  return outcome.outcome == Outcome::failed && smtp::status_of(outcome).starts_with("5.7.");
}

// "1.234": seconds with milliseconds.
std::string seconds_since(WallTime arrival, WallTime now) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now - arrival).count();
  return fmt::format("{}.{:03}", ms / 1000, std::max<std::int64_t>(ms, 0) % 1000);
}

}  // namespace

Attempt::Attempt(const AttemptContext& context, const ipc::Job& job, int source, Done done)
    : context_(context),
      job_(job),
      source_(source),
      done_(std::move(done)),
      open_(static_cast<std::size_t>(job.recipients_size())) {
  std::iota(open_.begin(), open_.end(), 0);
  result_.set_number(job_.number());
  for (const ipc::JobRecipient& recipient : job_.recipients())
    result_.add_recipients()->set_index(recipient.index());
}

void Attempt::start() {
  auto hops =
      parse_next_hops(job_.next_hop(), static_cast<std::uint16_t>(context_.settings.relay.port));
  if (!hops) return conclude_open({our_reason(Outcome::deferred, "4.3.5", hops.error().text), ""});
  hops_.assign(std::move_iterator(hops->begin()), std::move_iterator(hops->end()));
  try_next_hop();
}

void Attempt::try_next_hop() {
  if (hops_.empty()) return conclude_open(*failure_);
  const NextHop hop = std::move(hops_.front());
  hops_.pop_front();
  host_was_configured_ = false;
  host_.clear();
  silent_.clear();
  addresses_tried_ = 0;
  login_ = context_.login != nullptr && is_smarthost(hop) ? context_.login : nullptr;
  protocol_ = hop.protocol;
  tls_start_ = hop.tls_start;
  std::visit([this](const auto& way) { follow(way); }, hop.way);
}

bool Attempt::is_smarthost(const NextHop& hop) const {
  const config::Settings::Relay& relay = context_.settings.relay;
  const auto smarthost =
      parse_next_hops(config::smarthost_next_hop(relay), static_cast<std::uint16_t>(relay.port));
  return smarthost && smarthost->front() == hop;
}

void Attempt::follow(const MxHop& hop) {
  port_ = hop.port;
  domain_ = hop.domain;
  asked_ = context_.loop.now();
  question_ =
      context_.resolver.find_mx(hop.domain, [this, domain = hop.domain](const auto& answer) {
        dns_ += context_.loop.now() - asked_;
        HostRoute route = route_hosts(domain, answer, context_.settings.hostname, context_.random);
        if (route.hosts.empty()) host_failed({route.no_hosts, ""});
        hosts_.assign(route.hosts.begin(), route.hosts.end());
        try_next_host();
      });
}

void Attempt::follow(const HostHop& hop) {
  port_ = hop.port;
  domain_ = hop.host;
  hosts_ = {hop.host};
  host_was_configured_ = true;
  try_next_host();
}

void Attempt::follow(const net::SocketAddress& hop) {
  port_ = hop.port;
  domain_ = fmt::format("[{}]", hop.ip.str());
  addresses_ = {hop.ip};
  find_policy([this] { try_next_address(); });
}

// What stays within the host is not protected from a network.
void Attempt::follow(const net::UnixSocket& hop) {
  domain_ = net::to_text(hop);
  try_server(server_at(hop));
}

void Attempt::try_next_host() {
  conclude_refused();
  if (open_.empty()) return finish();
  if (hosts_.empty()) return try_next_hop();
  host_ = std::move(hosts_.front());
  hosts_.pop_front();
  silent_.clear();
  find_policy([this] {
    asked_ = context_.loop.now();
    question_ = context_.resolver.find_addresses(
        host_, [this](net::AddressAnswer answer) { on_addresses(std::move(answer)); });
  });
}

template <typename Next>
void Attempt::find_policy(Next next) {
  question_ = context_.tls_policies.find(domain_, host_,
                                         [this, next](std::optional<config::TlsPolicy> policy) {
                                           policy_ = std::move(policy);
                                           next();
                                         });
}

void Attempt::on_addresses(net::AddressAnswer answer) {
  if (answer.status == net::DnsStatus::found) {
    if (leads_back(answer.addresses)) return turn_back();
    question_ =
        context_.pool.order(host_, std::move(answer.addresses), port_, limits(), job_.probe(),
                            [this](AddressRaces::Order order) { on_order(std::move(order)); });
    return;
  }
  dns_ += context_.loop.now() - asked_;
  if (answer.status == net::DnsStatus::temporary) {
    host_failed({our_reason(Outcome::deferred, "4.4.3", answer.reason), ""});
  } else {
    // A host that an administrator named and DNS does not know is a slip, to be mended in time.
    host_failed({host_was_configured_ ? our_reason(Outcome::deferred, "4.3.5", answer.reason)
                                      : our_reason(Outcome::failed, "5.4.4", answer.reason),
                 ""});
  }
  try_next_address();
}

void Attempt::on_order(AddressRaces::Order order) {
  dns_ += context_.loop.now() - asked_;
  addresses_.assign(order.addresses.begin(), order.addresses.end());
  silent_ = std::move(order.silent);
  try_next_address();
}

// Mail exchangers are cut at our own name; one that has our address under another name is us, too.
bool Attempt::leads_back(const std::vector<net::IpAddress>& addresses) const {
  return !host_was_configured_ &&
         std::any_of(addresses.begin(), addresses.end(), [this](const net::IpAddress& ip) {
           return context_.own.contain({ip, port_});
         });
}

void Attempt::turn_back() {
  hosts_.clear();  // those that follow are no better
  addresses_.clear();
  host_failed(
      {our_reason(Outcome::failed, "5.4.6",
                  fmt::format("mail for this domain loops back to myself: its mail exchanger "
                              "{} is this host, which does not know the domain",
                              host_)),
       ""});
  try_next_host();
}

const config::DestinationLimits* Attempt::limits() const {
  return config::find_destination(context_.settings.destinations, domain_, host_);
}

Server Attempt::server_at(net::Endpoint address) const {
  return {.peer = {.address = std::move(address), .host = host_},
          .login = login_,
          .limits = limits(),
          .protocol = protocol_,
          .tls_start = tls_start_};
}

void Attempt::try_next_address() {
  if (addresses_.empty()) return try_next_host();
  if (addresses_tried_ == context_.settings.deliverd.hosts_per_attempt) {
    if (failure_) failure_->outcome.outcome = Outcome::deferred;  // those not tried may be better
    hosts_.clear();
    addresses_.clear();
    return try_next_host();
  }
  address_ = addresses_.front();
  addresses_.pop_front();
  const Server server = server_at(net::SocketAddress{address_, port_});
  const Server best = protect(server, job_, policy_, Protection::as_it_should);
  less_protected_ = protect(server, job_, policy_, Protection::as_it_may);
  if (less_protected_ == best) less_protected_.reset();
  try_server(best);
}

void Attempt::try_further() {
  if (less_protected_) return try_server(*std::exchange(less_protected_, std::nullopt));
  try_next_address();
}

void Attempt::try_server(const Server& server) {
  remote_ = remote_name(host_, server.peer.address);
  const smtp::Reply* const failure = context_.pool.recent_failure(server);
  if (failure != nullptr && !job_.probe()) {
    host_failed({{Outcome::deferred, *failure}, failure->code == 0 ? "" : remote_});
    return try_further();
  }
  ++addresses_tried_;
  if (const auto silent = silent_.extract(address_)) {
    Told told{our_reason(Outcome::deferred, "4.4.1", std::move(silent.mapped())), ""};
    context_.pool.note_silent({address_, port_}, told.outcome.reply);
    host_failed(std::move(told));
    return try_next_address();
  }
  auto transfer = std::make_unique<Transfer>(
      Transfer{.job = job_,
               .source = source_,
               .recipients = open_,
               .done = [this](TransferResult result) { on_transfer(std::move(result)); },
               .postponable = !tried_ && !job_.probe()});
  given_ = context_.loop.now();
  context_.pool.add(server, std::move(transfer));
}

void Attempt::on_transfer(TransferResult result) {
  if (result.postponed > result.postponed.zero()) {
    result_.set_postponed_us(static_cast<std::uint64_t>(result.postponed.count()));
    return finish();
  }
  tried_ = true;
  log_transfer(result);
  const std::vector<int> asked = std::exchange(open_, {});
  if (result.corrupt) {
    const Told damaged{our_reason(Outcome::failed, "5.3.0", "the message in the spool is damaged"),
                       ""};
    // One part of it may have been taken before the other was read.
    result.outcomes.resize(asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      RecipientOutcome& outcome = result.outcomes[i];
      if (outcome.outcome == Outcome::delivered) {
        conclude(asked[i], ipc::DELIVERED, {std::move(outcome), remote_, result.dsn, result.tls});
      } else {
        conclude(asked[i], ipc::CORRUPT, damaged);
      }
    }
    return finish();
  }
  session_given_ = session_given_ || !result.no_session;
  if (!result.no_session) less_protected_.reset();
  bool refused_here = false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    RecipientOutcome& outcome = result.outcomes[i];
    Told told{std::move(outcome), outcome.reply.code == 0 ? "" : remote_, result.dsn, result.tls};
    if (told.outcome.outcome == Outcome::untried) {
      open_.push_back(asked[i]);
      told.outcome.outcome = is_final(told.outcome.reply) ? Outcome::failed : Outcome::deferred;
      host_failed(std::move(told));
    } else if (is_refused_for_policy(told.outcome) && other_family_left()) {
      open_.push_back(asked[i]);
      refused_.insert_or_assign(asked[i], std::move(told));
      refused_here = true;
    } else {
      conclude(asked[i], to_ipc(told.outcome.outcome), told);
    }
  }
  if (open_.empty()) return finish();
  if (refused_here)
    std::erase_if(addresses_, [this](const auto& ip) { return ip.is_v4() == address_.is_v4(); });
  try_further();
}

bool Attempt::other_family_left() const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [this](const auto& ip) { return ip.is_v4() != address_.is_v4(); });
}

// Their other family gave no session: it may another time, and think better of them.
void Attempt::conclude_refused() {
  for (const auto& [recipient, refusal] : std::exchange(refused_, {})) {
    if (std::erase(open_, recipient) == 0) continue;
    Told told = failure_ ? *failure_ : refusal;
    told.outcome.outcome = Outcome::deferred;
    conclude(recipient, ipc::DEFERRED, told);
  }
}

void Attempt::host_failed(Told told) {
  // RFC 8689 section 4.2.1: a server without TLS is for other messages; but what a mail store lacks
  // its administrator mends.
  if (requires_tls(job_) && protocol_ == smtp::Protocol::smtp && told.outcome.reply.code == 0 &&
      told.outcome.reply.status == "4.7.4")
    told.outcome = our_reason(Outcome::failed, "5.7.10", told.outcome.reply.text);
  if (!failure_ || failure_->outcome.outcome == Outcome::failed) failure_ = std::move(told);
}

void Attempt::conclude(int recipient, ipc::Outcome outcome, const Told& told) {
  const smtp::Reply& reply = told.outcome.reply;
  ipc::RecipientResult& result = *result_.mutable_recipients(recipient);
  result.set_outcome(outcome);
  result.set_status(smtp::status_of(told.outcome));
  result.set_reply(reply.code == 0 ? reply.text : smtp::to_line(reply));
  result.set_remote(told.remote);
  result.set_command(told.outcome.command);
  result.set_dsn(told.dsn);
  result.set_stored(protocol_ == smtp::Protocol::lmtp);
  log_result(recipient, result, told.tls);
}

void Attempt::conclude_open(const Told& told) {
  const smtp::Reply& reply = told.outcome.reply;
  // That a message asks for more of TLS than others says nothing of others.
  const bool its_own = requires_tls(job_) && reply.code == 0 && reply.status.starts_with("4.7.");
  if (!session_given_ && !its_own && told.outcome.outcome == Outcome::deferred) {
    result_.mutable_unreachable()->set_status(smtp::status_of(told.outcome));
    result_.mutable_unreachable()->set_reply(reply.code == 0 ? reply.text : smtp::to_line(reply));
  }
  for (const int recipient : std::exchange(open_, {}))
    conclude(recipient, to_ipc(told.outcome.outcome), told);
  finish();
}

void Attempt::finish() {
  context_.loop.defer([this, alive = alive_] {
    if (*alive) done_(*this, std::move(result_));
  });
}

// For the trace: what was said, and how long each part of it took.
void Attempt::log_transfer(const TransferResult& result) {
  const auto ms = [](std::chrono::microseconds span) {
    return std::chrono::floor<std::chrono::milliseconds>(span).count();
  };
  const std::chrono::microseconds all = context_.loop.now() - given_;
  for (const TransferRecord& record : result.records) {
    context_.log.debug("attempt")
        .id(job_.message_id())
        .with("next_hop", job_.next_hop())
        .with("remote", remote_)
        .with("tls", result.tls)
        .with("recipients", open_.size())
        .with("dns_ms", ms(std::exchange(dns_, {})))
        .with("wait_ms", ms(std::max(all - record.took, {})))
        .with("connect_ms", ms(record.connecting))
        .with("tls_ms", ms(record.handshake))
        .with("took_ms", ms(record.took))
        .text("dialogue", record.dialogue, 2 * smtp::Dialogue::kMaxOctets);
  }
}

void Attempt::log_result(int recipient, const ipc::RecipientResult& result,
                         const std::string& tls) {
  const std::string_view event = result.outcome() == ipc::DELIVERED  ? "sent"
                                 : result.outcome() == ipc::DEFERRED ? "deferred"
                                 : result.outcome() == ipc::CORRUPT  ? "corrupt"
                                                                     : "refused";
  const WallTime arrival{std::chrono::microseconds(job_.arrival_us())};
  context_.log.info(event)
      .id(job_.message_id())
      .with("to", job_.recipients(recipient).address())
      .with("remote", result.remote())
      .with("status", result.status())
      .with("reply", result.reply())
      .with("tls", tls)
      .with("delay", seconds_since(arrival, context_.clock.now()));
}

}  // namespace postrider::deliverd
