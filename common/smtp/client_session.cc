#include "common/smtp/client_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/smtp/auth_offer.h"

namespace postrider::smtp {

// greeting -> ehlo -> starttls -> handshake -> ehlo (once); with implicit TLS: handshake ->
// greeting
//               |        |
//               |-- helo |--> auth --> ready <---------------------------------------.
//               |     |  |      (or ready)                                           |
//               '-----+--'     ready -> mail -> rcpt -> data -> content -> end_of_data
//                                        |       |      |
//                                        '-------+------+--> rset, lone_dot -> ready
// With BDAT: rcpt -> content <-> chunk, content -> end_of_data; from rcpt at once to end_of_data
// where the content went with the envelope. In LMTP end_of_data has a reply for each recipient, and
// where some were refused rset leads to mail again, for the others.
// A time-out, a lost connection, 421 or a malformed reply leads from anywhere to closed.
struct ClientSession::Rule {
  State state;
  Wait wait;
  void (ClientSession::*answered)(const Reply&);
  std::string_view activity;  // for "timed out while ..."
};

const ClientSession::Rule& ClientSession::rule(State state) noexcept {
  using enum State;
  using Self = ClientSession;
  static constexpr auto kRules = std::to_array<Rule>({
      {greeting, Wait::greeting, &Self::greeted, "waiting for the greeting"},
      {ehlo, Wait::reply, &Self::ehlo_answered, "waiting for the reply to EHLO"},
      {helo, Wait::reply, &Self::helo_answered, "waiting for the reply to HELO"},
      {starttls, Wait::reply, &Self::starttls_answered, "waiting for the reply to STARTTLS"},
      {handshake, Wait::handshake, &Self::out_of_turn, "agreeing on TLS"},
      {auth, Wait::reply, &Self::auth_answered, "logging in"},
      {ready, Wait::nothing, &Self::out_of_turn, "idle"},
      {mail, Wait::reply, &Self::mail_answered, "waiting for the reply to MAIL FROM"},
      {rcpt, Wait::reply, &Self::rcpt_answered, "waiting for the reply to RCPT TO"},
      {data, Wait::reply, &Self::data_answered, "waiting for the reply to DATA"},
      {content, Wait::content, &Self::interrupted, "sending the message"},
      {chunk, Wait::reply, &Self::chunk_answered, "waiting for the reply to BDAT"},
      {end_of_data, Wait::end_of_data, &Self::end_of_data_answered,
       "waiting for the reply to the end of the message"},
      {lone_dot, Wait::end_of_data, &Self::transaction_cleared, "ending an empty message"},
      {rset, Wait::reply, &Self::transaction_cleared, "waiting for the reply to RSET"},
      {quit, Wait::reply, &Self::out_of_turn, "waiting for the reply to QUIT"},
      {closed, Wait::nothing, &Self::out_of_turn, "closed"},
  });
  const Rule& found = kRules[static_cast<std::size_t>(state)];
  POSTRIDER_CHECK(found.state == state);
  return found;
}

ClientSession::ClientSession(std::string own_name, TlsLevel level, const sasl::Login* login,
                             Dialect dialect)
    : own_name_(std::move(own_name)), level_(level), login_(login), dialect_(dialect) {
  if (!implicit_tls()) return;
  state_ = State::handshake;
  actions_.emplace_back(StartTls{});
}

// A server may say nothing of the envelope before it is done with what came along.
ClientSession::Wait ClientSession::wait() const noexcept {
  const Wait wait = rule(state_).wait;
  return wait == Wait::reply && in_one_flight_ ? Wait::end_of_data : wait;
}

std::optional<ClientSession::Action> ClientSession::next_action() {
  if (actions_.empty()) return std::nullopt;
  Action action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

void ClientSession::start(ClientTransaction transaction) {
  POSTRIDER_CHECK(ready());
  transaction_ = std::move(transaction);
  outcomes_.assign(transaction_.recipients.size(), {});
  auto why = obstacle(transaction_, extensions_);
  // RFC 8689 section 4.4: a mail store is no further server.
  if (!why && !lmtp()) why = tls_obstacle(transaction_, extensions_, reached());
  if (why) {
    settle_open(why->outcome, why->reply);
    return finish(State::ready);
  }
  settle_hopeless();
  if (!any_open()) return finish(State::ready);
  send_envelope();
}

void ClientSession::quit() {
  POSTRIDER_CHECK(ready());
  send("QUIT\r\n");
  enter(State::quit);
}

void ClientSession::on_bytes(std::string_view bytes) {
  while (state_ != State::closed && !bytes.empty()) {
    if (state_ == State::handshake) return begin_handshake(bytes);
    switch (parser_.parse(bytes)) {
      case ReplyParser::Status::incomplete: return;
      case ReplyParser::Status::complete:
        on_reply(parser_.take());
        if (state_ == State::handshake) return begin_handshake(bytes);
        break;
      case ReplyParser::Status::malformed:
        return give_up(
            {0, "4.5.0",
             fmt::format("the server sent what is no SMTP reply while {}", rule(state_).activity)});
    }
  }
}

// RFC 3207 section 4.2: what was told in the clear is forgotten.
void ClientSession::on_secured(ChannelBindings bindings) {
  if (state_ != State::handshake) return;
  secured_ = true;
  bindings_ = std::move(bindings);
  extensions_ = {};
  limits_ = {};
  mechanisms_.clear();
  implicit_tls() ? enter(State::greeting) : greet();
}

void ClientSession::on_tls_failed(std::string_view why) {
  const std::string_view what = implicit_tls() ? "TLS from the first octet" : "TLS";
  if (state_ == State::handshake) give_up({0, "4.7.5", fmt::format("{} failed: {}", what, why)});
}

void ClientSession::on_timeout() {
  if (state_ != State::closed)
    give_up({0, "4.4.2", fmt::format("timed out while {}", rule(state_).activity)});
}

void ClientSession::on_closed(std::chrono::microseconds since_start) {
  // A server may close a connection that idles as the next message is on its way to it: that has
  // reached nobody.
  const bool closed_idle = used_ && !parser_.amid_reply() && since_start <= kIdleClose;
  if (state_ == State::mail && closed_idle) in_one_flight_ = false;
  if (state_ != State::closed)
    give_up({0, "4.4.2", fmt::format("the connection was lost while {}", rule(state_).activity)});
}

void ClientSession::on_reply(const Reply& reply) {
  // RFC 5321 section 3.8: 421 may come at any point; the server is about to close.
  if (reply.code == 421) return give_up(reply);
  (this->*rule(state_).answered)(reply);
}

void ClientSession::greeted(const Reply& reply) {
  if (outcome_of(reply) != Outcome::delivered) return leave(reply);
  greet();
}

void ClientSession::greet() {
  send(fmt::format("{} {}\r\n", lmtp() ? "LHLO" : "EHLO", own_name_));
  enter(State::ehlo);
}

void ClientSession::ehlo_answered(const Reply& reply) {
  if (outcome_of(reply) == Outcome::delivered) {
    extensions_ = parse_ehlo_reply(reply);
    limits_ = parse_limits(reply);
    // RFC 8689 section 2: it is offered under TLS alone.
    extensions_.requiretls = extensions_.requiretls && secured_;
    mechanisms_ = offered_mechanisms(reply);
    return begin_mail();
  }
  if (!reply.permanent()) return leave(reply);
  // A slip of an administrator, to be mended in time.
  if (lmtp())
    return leave({0, "4.3.5", fmt::format("the server does not speak LMTP: {}", to_line(reply))});
  // RFC 5321 section 3.2: a server of before the extensions.
  send(fmt::format("HELO {}\r\n", own_name_));
  enter(State::helo);
}

void ClientSession::helo_answered(const Reply& reply) {
  if (outcome_of(reply) != Outcome::delivered) return leave(reply);
  begin_mail();
}

// The server has said what it offers: TLS comes first, then a login, then mail.
void ClientSession::begin_mail() {
  if (secured_ || level_ == TlsLevel::none) return log_in();
  if (!extensions_.starttls) return require_tls("4.7.4", "does not offer STARTTLS");
  send("STARTTLS\r\n");
  enter(State::starttls);
}

void ClientSession::starttls_answered(const Reply& reply) {
  if (reply.code != 220)
    return require_tls("4.7.5", fmt::format("refuses STARTTLS: {}", to_line(reply)));
  enter(State::handshake);
}

// RFC 3207 section 4.2, for the client: what stands `behind` the reply was said in the clear, by
// whoever wants it taken for the server's words under TLS.
void ClientSession::begin_handshake(std::string_view behind) {
  if (behind.empty()) {
    actions_.emplace_back(StartTls{});
    return;
  }
  give_up({0, "4.7.5",
           implicit_tls()
               ? "the server spoke in the clear, before the handshake"
               : "the server said more behind its reply to STARTTLS, before the handshake"});
}

// There is no TLS to be had on this connection, as the server does `what`.
void ClientSession::require_tls(std::string status, std::string_view what) {
  if (level_ <= TlsLevel::may) return log_in();
  send("QUIT\r\n");
  actions_.emplace_back(Unusable{
      {0, std::move(status), fmt::format("TLS is required, and the server {}", what)}, Fault::tls});
  close();
}

TlsLevel ClientSession::reached() const noexcept {
  if (!secured_) return TlsLevel::none;
  return level_ == TlsLevel::verify ? TlsLevel::verify : TlsLevel::encrypt;
}

// As outcome_of(); but 530 may ask for a STARTTLS that was refused now, or has just failed (RFC
// 3207 section 4), which is nothing to end mail for.
Outcome ClientSession::outcome_here(const Reply& reply) const noexcept {
  const bool lacks_tls = reply.code == 530 && extensions_.starttls && !secured_;
  return lacks_tls ? Outcome::deferred : outcome_of(reply);
}

void ClientSession::mail_answered(const Reply& reply) {
  used_ = true;
  const Outcome outcome = outcome_here(reply);
  if (outcome != Outcome::delivered) settle_open(outcome, reply);
  if (extensions_.pipelining) return enter(State::rcpt);
  if (outcome != Outcome::delivered) return finish(State::ready);
  ask_next_recipient();
}

void ClientSession::rcpt_answered(const Reply& reply) {
  RecipientOutcome& recipient = outcomes_[asked_[answered_]];
  // RFC 5321 section 4.5.3.1.10: 552 means "too many recipients", as 452 does; unless it says that
  // it is the mailbox (RFC 3463 section 3.3).
  const bool too_many = reply.code == 552 && !reply.status.starts_with("5.2.");
  const Outcome outcome = too_many ? Outcome::deferred : outcome_here(reply);
  // Where MAIL was refused before, its reply stands.
  if (recipient.outcome == Outcome::untried && outcome != Outcome::delivered)
    recipient = {outcome, reply, refused_command(reply)};
  ++answered_;
  if (answered_ == asked_.size()) return recipients_answered();
  extensions_.pipelining ? enter(State::rcpt) : ask_next_recipient();
}

void ClientSession::transaction_cleared(const Reply& reply) {
  if (state_ == State::rset && !reply.positive())
    return give_up({0, "4.5.0", fmt::format("the server refuses RSET: {}", to_line(reply))});
  if (any_open()) return send_envelope();
  enter(State::ready);
}

void ClientSession::out_of_turn(const Reply& /*reply*/) { close(); }

void ClientSession::enter(State state) {
  state_ = state;
  ++waits_;
}

// Settles what needs no server to say no.
void ClientSession::settle_hopeless() {
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    if (const auto why = obstacle(transaction_.recipients[i], extensions_)) outcomes_[i] = *why;
}

// For the recipients that are open.
void ClientSession::send_envelope() {
  asked_.clear();
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    if (outcomes_[i].outcome == Outcome::untried) asked_.push_back(i);
  answered_ = 0;
  std::string commands = mail_command(transaction_, extensions_);
  if (extensions_.pipelining) {
    for (const std::size_t i : asked_)
      commands += rcpt_command(transaction_.recipients[i], extensions_);
    if (sends_data_along()) commands += "DATA\r\n";
  }
  send(std::move(commands));
  unsent_ = transaction_.size;
  in_one_flight_ = fits_one_flight();
  if (in_one_flight_) send_chunk();
  enter(State::mail);
}

void ClientSession::ask_next_recipient() {
  send(rcpt_command(transaction_.recipients[asked_[answered_]], extensions_));
  enter(State::rcpt);
}

// How many recipients have no outcome yet.
std::size_t ClientSession::open() const noexcept {
  const auto is_open = [](const RecipientOutcome& recipient) {
    return recipient.outcome == Outcome::untried;
  };
  return static_cast<std::size_t>(std::count_if(outcomes_.begin(), outcomes_.end(), is_open));
}

void ClientSession::settle_open(Outcome outcome, const Reply& reply) {
  const std::string command = outcome == Outcome::delivered ? "" : refused_command(reply);
  for (RecipientOutcome& recipient : outcomes_)
    if (recipient.outcome == Outcome::untried) recipient = {outcome, reply, command};
}

// What a report may name of the dialogue.
std::string ClientSession::refused_command(const Reply& reply) const {
  if (reply.code == 0) return "";  // it is our reason
  switch (state_) {
    case State::mail: return fmt::format("MAIL FROM:<{}>", transaction_.sender);
    case State::rcpt:
      return fmt::format("RCPT TO:<{}>", transaction_.recipients[asked_[answered_]].address);
    case State::data: return "DATA";
    case State::content:
    case State::chunk:
    case State::end_of_data: return "the end of the message";
    default: return "";
  }
}

void ClientSession::finish(State next) {
  actions_.emplace_back(
      Done{std::exchange(outcomes_, {}), extensions_.dsn, std::exchange(chunking_, {})});
  transaction_ = {};
  in_one_flight_ = false;
  enter(next);
}

// The last of a transaction on a connection that is of no further use.
void ClientSession::end_with_connection() {
  take_back_content();
  finish(State::closed);
  close();
}

void ClientSession::reset_and_finish() {
  send("RSET\r\n");
  finish(State::rset);
}

// The server gives no session, and is told goodbye (RFC 5321 section 3.1).
void ClientSession::leave(const Reply& why) {
  send("QUIT\r\n");
  actions_.emplace_back(Unusable{why});
  close();
}

// The connection is of no further use. A message that may have been taken is deferred, and not
// tried elsewhere at once.
void ClientSession::give_up(const Reply& why) {
  if (state_ < State::ready) {
    // A server that ends its first words under TLS has failed at TLS, whatever the handshake said.
    const bool first_words = state_ == State::ehlo || state_ == State::greeting;
    const bool tls = state_ == State::starttls || state_ == State::handshake ||
                     (secured_ && first_words && why.code == 0);
    actions_.emplace_back(Unusable{why, tls ? Fault::tls : Fault::server});
  } else if (!outcomes_.empty()) {
    if (is_bdat_out() && any_open() && !knows_bdat_) chunking_ = {Chunking::lost, why};
    settle_open(may_have_taken(why) ? Outcome::deferred : Outcome::untried, why);
    return end_with_connection();
  }
  close();
}

void ClientSession::close() {
  actions_.emplace_back(Close{});
  enter(State::closed);
}

}  // namespace postrider::smtp
