// connection_client.cc - who the client is: whoever has connected, until XCLIENT tells of another.
//
// The proxy speaks first, and what follows may be its client's own words (nginx hands them on as
// they come). So the right to say XCLIENT ends with the first that tells an address, unless that
// address has it too, as that of one proxy behind another. The client told of is admitted as if it
// had connected itself.
#include <utility>

#include "smtpd/connection.h"
#include "smtpd/offer.h"

namespace postrider::smtpd {

// A client that is logged in there is one of our users.
void Connection::become_client(const smtp::XclientArguments& told) {
  net::IpAddress address = told.address ? net::IpAddress() : client_.address;
  if (told.address && !told.address->empty()) {
    const auto parsed = net::IpAddress::parse(*told.address);
    if (!parsed) return session_.on_verdict({501, "5.5.4", "XCLIENT: bad ADDR"});
    address = *parsed;
  }
  checks::Client client = meet(services_, address, client_.service);
  client.name = told.name.value_or(client_.name);
  services_.log.debug("client_told")
      .with("by", client_.str())
      .with("client", client.str())
      .with("name", client.name)
      .with("login", told.login.value_or(""))
      .with("port", told.port.value_or(""))
      .with("destination", told.destination_address.value_or(""))
      .with("destination_port", told.destination_port.value_or(""))
      .session(id_.view());
  if (told.address && !enter_told(address)) return;
  const std::string& login = told.login ? *told.login : session_.identity();
  client.may_relay = client.may_relay || !login.empty();
  client.user = login;
  client_ = std::move(client);
  if (told.login) login_admitted_.reset();
  inquiry_.connect(inquiry_.facts().early);
  session_.on_client(told, offered_to(client_, listener_.session, services_.clock.now()));
}

// False: there is one too many of it, and it is sent away.
bool Connection::enter_told(const net::IpAddress& address) {
  leave_told();
  if (const auto reason = services_.admission.enter(address)) {
    services_.counters.add(metrics::Counter::smtp_connections_refused);
    services_.log.info("connection_refused")
        .with("client", address.str())
        .with("reason", *reason)
        .session(id_.view());
    session_.on_verdict({421, "4.7.0", listener_.session.hostname + ' ' + std::string(*reason)});
    return false;
  }
  told_ = address;
  return true;
}

void Connection::leave_told() {
  if (const auto told = std::exchange(told_, std::nullopt)) services_.admission.leave(*told);
}

}  // namespace postrider::smtpd
