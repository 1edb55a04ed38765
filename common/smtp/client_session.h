// client_session.h - the client side of one connection of SMTP or LMTP, without I/O.
//
// A ClientSession is told what happened (octets came, time ran out, the content was sent) and
// answers with Actions for its owner to carry out, in order. It sends one message after another
// and tells for each recipient what became of it. Commands go in one flight where the server
// offers PIPELINING, and a small message with them where it offers CHUNKING. What a server says
// that no RFC foresees is temporary, never delivered.
//
// Invariants: a transaction ends in exactly one Done; after Close there is no further Action; what
// came before the handshake has no effect after it.
//
// RFC 5321 (SMTP), RFC 2033 (LMTP), RFC 2920 (PIPELINING), RFC 3030 (CHUNKING), RFC 3207
// (STARTTLS), RFC 8314 section 3 (implicit TLS), RFC 4954 (AUTH).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/channel_bindings.h"
#include "common/base/tls_level.h"
#include "common/sasl/client_exchange.h"
#include "common/smtp/client_transaction.h"
#include "common/smtp/protocol.h"
#include "common/smtp/reply_parser.h"

namespace postrider::smtp {

// How a server is spoken to.
struct Dialect {
  Protocol protocol = Protocol::smtp;
  TlsStart tls_start = TlsStart::starttls;
};

class ClientSession {
 public:
  struct Send {
    std::string bytes;
  };
  // Send the content, dot-stuffed and ended by CRLF.CRLF, then call on_content_sent().
  struct SendContent {};
  // Send the next `octets` of the content as they are, then call on_content_sent().
  struct SendChunk {
    std::uint64_t octets = 0;
  };
  // The transaction is over: an outcome for each of its recipients, in order.
  struct Done {
    std::vector<RecipientOutcome> outcomes;
    bool dsn = false;  // the server offers DSN: what it accepted it reports on itself
    ChunkingTrial chunking;
  };
  // Go on under TLS, then call on_secured() or on_tls_failed().
  struct StartTls {};
  // What a session failed of: the server, whatever is asked of it; its TLS, so that in the clear
  // there may be one; or our login.
  enum class Fault : std::uint8_t { server, tls, login };
  // The server gives no session: `reply` says why (code 0: our reason). Close follows.
  struct Unusable {
    Reply reply;  // status 4.7.4: it has no TLS
    Fault fault = Fault::server;
  };
  struct Close {};
  using Action = std::variant<Send, SendContent, SendChunk, StartTls, Done, Unusable, Close>;

  // What the owner's timer is to allow for now (RFC 5321 section 4.5.3.2).
  enum class Wait : std::uint8_t { nothing, greeting, reply, handshake, content, end_of_data };

  // A message of at most so many octets goes in one flight with its envelope where it can: so many
  // are sent in vain where all recipients are refused.
  static constexpr std::uint64_t kOneFlight = 65536;
  // A larger one goes in chunks of at most so many, of which the server may refuse each.
  static constexpr std::uint64_t kChunk = 1U << 20U;

  // How soon a connection is lost that the server closed as it idled, with the next message on its
  // way. What is lost later the server may have read.
  static constexpr std::chrono::seconds kIdleClose{5};

  // `own_name` is what EHLO says: a host name or an address literal. A session that does not reach
  // `level` is Unusable; so is one at which `login` fails, which outlives the session (null: none).
  // With TlsStart::implicit StartTls is the first Action, and the level above TlsLevel::may.
  ClientSession(std::string own_name, TlsLevel level, const sasl::Login* login = nullptr,
                Dialect dialect = {});

  // A transaction may be started.
  bool ready() const noexcept { return state_ == State::ready; }
  // By its last reply to EHLO.
  bool offers_starttls() const noexcept { return extensions_.starttls; }
  // How many recipients it takes in a transaction, and transactions on a connection (RFC 9422).
  std::optional<std::uint64_t> recipients_limit() const { return known(limits_.rcpt_max); }
  std::optional<std::uint64_t> messages_limit() const { return known(limits_.mail_max); }
  // Begins a transaction. Precondition: ready().
  void start(ClientTransaction transaction);
  // Takes leave. Precondition: ready().
  void quit();

  void on_bytes(std::string_view bytes);
  void on_content_sent();
  // The handshake is done; with TlsLevel::verify the server is verified.
  void on_secured(ChannelBindings bindings);
  // It failed: `why`, in words. Nothing else can be said on this connection.
  void on_tls_failed(std::string_view why);
  void on_timeout();
  // The connection is gone, so long after start().
  void on_closed(std::chrono::microseconds since_start);

  std::optional<Action> next_action();

  Wait wait() const noexcept;
  // Changes whenever a new wait begins, so that its time starts anew.
  std::uint64_t waits() const noexcept { return waits_; }

 private:
  enum class State : std::uint8_t {
    greeting,
    ehlo,
    helo,
    starttls,
    handshake,
    auth,
    ready,
    mail,
    rcpt,
    data,
    content,
    chunk,
    end_of_data,
    lone_dot,
    rset,
    quit,
    closed
  };
  struct Rule;
  static const Rule& rule(State state) noexcept;
  static std::optional<std::uint64_t> known(std::uint64_t limit) {
    return limit == 0 ? std::nullopt : std::optional(limit);
  }

  void greeted(const Reply& reply);
  void ehlo_answered(const Reply& reply);
  void helo_answered(const Reply& reply);
  void starttls_answered(const Reply& reply);
  void auth_answered(const Reply& reply);
  void mail_answered(const Reply& reply);
  void rcpt_answered(const Reply& reply);
  void data_answered(const Reply& reply);
  void interrupted(const Reply& reply);
  void chunk_answered(const Reply& reply);
  void end_of_data_answered(const Reply& reply);
  void transaction_cleared(const Reply& reply);
  void out_of_turn(const Reply& reply);

  void enter(State state);
  void send(std::string bytes) { actions_.emplace_back(Send{std::move(bytes)}); }
  void greet();
  void begin_mail();
  void begin_handshake(std::string_view behind);
  void require_tls(std::string status, std::string_view what);
  std::optional<sasl::Mechanism> best_mechanism() const;
  void log_in();
  void answer_challenge(const Reply& reply);
  void refuse_login(std::string status, std::string_view what);
  Outcome outcome_here(const Reply& reply) const noexcept;
  TlsLevel reached() const noexcept;
  void on_reply(const Reply& reply);
  void settle_hopeless();
  void send_envelope();
  bool sends_data_along() const noexcept;
  void ask_next_recipient();
  void recipients_answered();
  bool lmtp() const noexcept { return dialect_.protocol == Protocol::lmtp; }
  bool implicit_tls() const noexcept { return dialect_.tls_start == TlsStart::implicit; }
  bool by_chunks() const noexcept { return extensions_.chunking && transaction_.chunking; }
  bool fits_one_flight() const noexcept;
  void send_chunk();
  bool is_bdat_refused(const Reply& reply) const noexcept;
  void note_bdat_taken();
  void end_for_data(const Reply& reply);
  bool is_bdat_out() const noexcept;
  bool may_have_taken(const Reply& why) const noexcept;
  std::size_t open() const noexcept;
  bool any_open() const noexcept { return open() > 0; }
  void settle_open(Outcome outcome, const Reply& reply);
  void settle_next(const Reply& reply);
  void settle_early(const Reply& reply);
  std::string refused_command(const Reply& reply) const;
  void finish(State next);
  void take_back_content();
  void end_with_connection();
  void reset_and_finish();
  void leave(const Reply& why);
  void give_up(const Reply& why);
  void close();

  const std::string own_name_;
  const TlsLevel level_;
  const sasl::Login* const login_;
  const Dialect dialect_;
  ReplyParser parser_;
  std::deque<Action> actions_;
  State state_ = State::greeting;
  std::uint64_t waits_ = 0;
  bool secured_ = false;
  bool used_ = false;        // MAIL was answered before
  bool knows_bdat_ = false;  // a BDAT was taken before
  Extensions extensions_;
  Limits limits_;
  std::vector<sasl::Mechanism> mechanisms_;  // that the server offers and we know
  ChannelBindings bindings_;
  std::optional<sasl::ClientExchange> exchange_;  // while logging in

  ClientTransaction transaction_;
  std::vector<RecipientOutcome> outcomes_;  // of transaction_; untried: still open
  std::vector<std::size_t> asked_;          // recipients that RCPT is sent for, in order
  std::size_t answered_ = 0;                // how many of asked_ have their reply
  std::uint64_t unsent_ = 0;                // octets that no chunk was announced for
  bool in_one_flight_ = false;              // the content goes with the envelope
  ChunkingTrial chunking_;
};

}  // namespace postrider::smtp
