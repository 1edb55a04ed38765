#include "common/smtp/server_session.h"

#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/smtp/command.h"

namespace postrider::smtp {

ServerSession::ServerSession(const ServerSettings& settings, const Extensions& offered)
    : settings_(settings), offered_(offered), commands_(settings.line_limit) {
  tls_due_ = settings_.tls == Tls::implicit;
  if (!tls_due_) greet();
}

void ServerSession::on_bytes(std::string_view bytes) {
  if (state_ == State::closed) return;
  input_.add(bytes);
}

void ServerSession::on_verdict(Reply verdict) {
  POSTRIDER_CHECK(waiting() && question_ != Question::tls);
  switch (std::exchange(question_, Question::none)) {
    case Question::sender:
      if (!verdict.positive()) break;
      state_ = State::mail;
      advance(kPlaceOfMail);
      break;
    case Question::recipient:
      if (!verdict.positive()) {
        if (!verdict.temporary()) return refuse_address(verdict);  // else it is our trouble
        break;
      }
      state_ = State::rcpt;
      add_recipient();
      break;
    case Question::open:
      if (chunk_ && verdict.code != 421) return open_chunks(std::move(verdict));
      if (!verdict.positive()) {
        if (verdict.code != 421 && !input_.rest().empty()) return refuse_data(verdict);
        break;
      }
      begin_content(State::data, DataReader::Framing::dots);
      verdict = {354, "", "end data with <CR><LF>.<CR><LF>"};
      break;
    case Question::commit:
      if (verdict.positive()) accepted();
      reset();
      if (verdict.code != 421) return say_at_end(verdict);
      break;
    case Question::auth:
      state_ = State::ready;
      if (!verdict.temporary()) return complain(verdict);
      break;
    case Question::directory:
      if (!verdict.positive() && !verdict.temporary()) return refuse_address(verdict);
      break;
    case Question::client:
    case Question::tls:
    case Question::none: break;
  }
  if (verdict.code == 421) return close(verdict);
  say(verdict);
}

// RFC 3207 section 4.2: who spoke in the clear may have been another. No transaction is under way.
void ServerSession::on_secured(sasl::Binding binding) {
  POSTRIDER_CHECK(question_ == Question::tls);
  question_ = Question::none;
  secured_ = true;
  binding_ = binding;
  input_.rest() = {};
  client_name_.clear();
  identity_.clear();
  extended_ = false;
  impatient_ = false;
  state_ = State::connected;
  begin_anew();
  if (settings_.tls == Tls::implicit) greet();
}

// It begins anew, as after the greeting; TLS stays (XCLIENT_README, "XCLIENT Server response").
void ServerSession::on_client(const XclientArguments& told, const Extensions& offered) {
  POSTRIDER_CHECK(question_ == Question::client);
  question_ = Question::none;
  spoken_for_ = true;
  offered_ = offered;
  if (told.login) identity_ = *told.login;
  if (told.protocol) extended_ = *told.protocol != "SMTP";
  if (told.helo) client_name_ = *told.helo;
  impatient_ = false;
  state_ = told.helo && !told.helo->empty() ? State::ready : State::connected;
  begin_anew();
  greet();
}

void ServerSession::on_message_refused(Reply reason) {
  POSTRIDER_CHECK(message_open_);
  message_open_ = false;
  refusal_ = std::move(reason);
}

void ServerSession::on_timeout() {
  POSTRIDER_CHECK(!waiting());
  close({421, "4.4.2", settings_.hostname + " timed out waiting for input, closing"});
}

void ServerSession::on_shutdown() { shutting_down_ = true; }

std::optional<Action> ServerSession::next_action() {
  while (!action_ && !tls_due_ && !waiting() && !replies_due() && state_ != State::closed &&
         step()) {
  }
  if (action_) return std::exchange(action_, std::nullopt);
  if (!waiting() && !replies_.empty()) {
    errors_given_ = errors_;
    return Send{std::exchange(replies_, {})};
  }
  if (std::exchange(tls_due_, false)) {
    question_ = Question::tls;
    return StartTls{};
  }
  if (close_due_) return *std::exchange(close_due_, std::nullopt);
  input_.keep();
  return std::nullopt;
}

// False: more input is needed.
bool ServerSession::step() {
  if (std::exchange(transaction_over_, false)) transaction_ = Transaction{};
  if (chunk_) return take_chunk();
  if (state_ == State::data) return take_content();
  if (state_ == State::authenticating && !shutting_down_) return take_response();
  if (!shutting_down_ || state_ == State::chunks) return take_command();
  close({421, "4.3.2", settings_.hostname + " is shutting down, try again"});
  return false;
}

bool ServerSession::take_command() {
  using Kind = CommandReader::Kind;
  const CommandReader::Taken taken = commands_.take(input_.rest());
  switch (taken.kind) {
    case Kind::incomplete: return false;
    case Kind::line: execute(taken.line); break;
    case Kind::too_long:
      complain({500, "5.5.2", fmt::format("line longer than {} octets", settings_.line_limit)});
      break;
    case Kind::malformed:
      complain({500, "5.5.2", "a command is one line of text that ends with CRLF"});
      break;
    case Kind::alien: another_protocol({}); break;
  }
  return true;
}

// ---- The transaction ----

// Ends the transaction, if there is one. It stands until the owner heard of the end of its message.
void ServerSession::reset() {
  drop_message({250, "2.0.0", "given up by the client"});
  transaction_over_ = true;
  if (state_ != State::connected) state_ = State::ready;
  tried_ = state_;
}

// ---- What is said ----

void ServerSession::greet() {
  say({220, "", fmt::format("{} {} Postrider", settings_.hostname, lmtp() ? "LMTP" : "ESMTP")});
}

// RFC 2034 section 3: status codes are for clients that are told of them.
void ServerSession::say(const Reply& reply) {
  if (offered_.enhanced_status_codes) {
    replies_ += to_wire(reply);
  } else {
    replies_ += to_wire({reply.code, "", reply.text});
  }
}

// The reply to all of a message (RFC 2033 section 4.2): what becomes of it is the same for each
// recipient that was accepted.
void ServerSession::say_at_end(const Reply& reply) {
  const std::size_t times = lmtp() ? transaction_.recipients.size() : 1;
  for (std::size_t i = 0; i < times; ++i) say(reply);
}

// The owner may hold back the reply to an error before the next command is carried out.
bool ServerSession::replies_due() const noexcept {
  return replies_.size() >= kReplies || errors_ != errors_given_;
}

void ServerSession::ask(Question question, Action action) {
  question_ = question;
  action_ = std::move(action);
}

template <typename Ask>
void ServerSession::ask_directory(std::string_view argument) {
  auto mailbox = parse_vrfy(argument, offered());
  if (!mailbox) return complain(mailbox.error());
  ask(Question::directory, Ask{std::move(*mailbox)});
}

void ServerSession::close(const Reply& last_words, Close::At wish) {
  if (state_ == State::closed) return;
  drop_message(last_words);
  say(last_words);
  state_ = State::closed;
  close_due_ = Close{wish};
  input_.rest() = {};
}

// ---- Commands ----

void ServerSession::helo(std::string_view argument) {
  if (begin_session(argument)) say({250, "", settings_.hostname});
}

void ServerSession::ehlo(std::string_view argument) {
  if (!begin_session(argument)) return;
  extended_ = true;
  const std::string mechanisms = auth_offered() ? sasl::mechanism_names(binding_) : "";
  say(ehlo_reply(settings_.hostname, offered(), mechanisms,
                 {.rcpt_max = settings_.recipient_limit,
                  .mail_max = settings_.message_limit,
                  .rcpt_domain_max = settings_.recipient_domain_limit}));
}

// EHLO and HELO begin anew, as RSET does (RFC 5321 section 4.1.4).
bool ServerSession::begin_session(std::string_view argument) {
  const auto name = parse_client_name(argument);
  if (!name) {
    complain(name.error());
    return false;
  }
  client_name_ = *name;
  extended_ = false;
  state_ = State::ready;
  reset();
  advance(kPlaceOfHello);
  return true;
}

void ServerSession::mail(std::string_view argument) {
  tried_ = State::mail;
  if (settings_.message_limit != 0 && messages_ >= settings_.message_limit)
    return close(
        {421, "4.7.0", settings_.hostname + " closing: enough messages for one connection"});
  auto mail = parse_mail(argument, offered());
  if (!mail) return complain(mail.error());
  if (mail->size.value_or(0) > settings_.message_size_limit) return say(too_big());
  transaction_ = {std::move(*mail), {}};
  ask(Question::sender, AskSender{transaction_.mail.sender, transaction_.mail.priority});
}

void ServerSession::rcpt(std::string_view argument) {
  tried_ = State::rcpt;
  auto rcpt = parse_rcpt(argument, offered(), transaction_.mail.charset);
  if (!rcpt) return complain(rcpt.error());
  if (transaction_.recipients.size() >= settings_.recipient_limit)
    return say({452, "4.5.3", "too many recipients"});
  if (!has_room_for_domain(rcpt->recipient.domain))
    return say({452, "4.5.3", "too many recipient domains"});
  candidate_ = std::move(*rcpt);
  ask(Question::recipient, AskRecipient{candidate_.recipient});
}

// Whether the transaction may have a recipient of this domain (RFC 9422 section 4.3).
bool ServerSession::has_room_for_domain(std::string_view domain) const {
  if (settings_.recipient_domain_limit == 0) return true;
  std::set<std::string> domains;
  for (const RcptArguments& rcpt : transaction_.recipients)
    domains.insert(to_lower(rcpt.recipient.domain));
  return domains.size() < settings_.recipient_domain_limit || domains.count(to_lower(domain)) > 0;
}

void ServerSession::rset(std::string_view /*argument*/) {
  reset();
  say({250, "2.0.0", "ok"});
}

void ServerSession::noop(std::string_view /*argument*/) { say({250, "2.0.0", "ok"}); }

void ServerSession::quit(std::string_view /*argument*/) {
  close({221, "2.0.0", settings_.hostname + " closing"}, Close::At::client);
}

// RFC 5321 section 3.5 and 7.3.
void ServerSession::vrfy(std::string_view argument) {
  if (!settings_.vrfy) return say({252, "2.5.2", "cannot verify; send mail and see"});
  ask_directory<AskVerify>(argument);
}

void ServerSession::expn(std::string_view argument) {
  if (!settings_.expn) return not_offered(argument);
  ask_directory<AskExpand>(argument);
}

void ServerSession::help(std::string_view /*argument*/) {
  say({214, "2.0.0",
       fmt::format("{} MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP\nsee RFC 5321",
                   lmtp() ? "LHLO" : "HELO EHLO")});
}

// What EHLO tells now, and MAIL and RCPT may ask for.
Extensions ServerSession::offered() const {
  Extensions offered = offered_;
  offered.starttls = starttls_offered();
  offered.requiretls = offered_.requiretls && secured_;  // RFC 8689 section 2
  offered.auth = auth_offered();
  offered.smtputf8 = offered_.smtputf8 && offered_.eight_bit_mime;  // RFC 6531 section 3.1 item 8
  // RFC 3030 section 3.
  offered.binary_mime = offered_.binary_mime && offered_.chunking && offered_.eight_bit_mime;
  offered.size_limit = settings_.message_size_limit;
  return offered;
}

// Not behind XCLIENT: what it told in the clear would have an effect under TLS.
bool ServerSession::starttls_offered() const {
  return settings_.tls == Tls::starttls && !secured_ && !spoken_for_;
}

// What stands behind STARTTLS came in the clear: whoever put it there wants it taken for protected.
void ServerSession::starttls(std::string_view /*argument*/) {
  if (secured_) return complain({503, "5.5.1", "TLS is active already"});
  if (!starttls_offered()) return not_offered({});
  if (state_ != State::connected && state_ != State::ready)
    return complain(out_of_sequence("STARTTLS"));
  if (!input_.rest().empty())
    return close({503, "5.5.1", "nothing may follow STARTTLS before the handshake"});
  say({220, "2.0.0", "ready to start TLS"});
  tls_due_ = true;
}

void ServerSession::xclient(std::string_view argument) {
  if (!offered_.xclient) return complain({550, "5.7.0", "you may not speak for other clients"});
  auto told = parse_xclient(argument);
  if (!told) return complain(told.error());
  ask(Question::client, BecomeClient{std::move(*told)});
}

void ServerSession::not_offered(std::string_view /*argument*/) {
  complain({502, "5.5.1", "command not implemented"});
}

void ServerSession::another_protocol(std::string_view /*argument*/) {
  close({421, "4.7.0", settings_.hostname + " speaks SMTP, closing"});
}

}  // namespace postrider::smtp
