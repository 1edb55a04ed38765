// server_session.h - the server side of one SMTP conversation, without I/O.
//
// A ServerSession is told what happened (octets arrived, a verdict is known, time ran out) and
// answers with Actions for its owner to carry out, in order. It opens nothing, starts no timer,
// reads no clock and calls nobody, so every conversation can be replayed in a test.
//
// Invariants:
//  - at most one question (Ask*, Auth*, OpenMessage, CommitMessage, BecomeClient, StartTls) is
//    unanswered; while one is, input is kept and nothing is done;
//  - nothing that came before the end of a handshake has an effect after it;
//  - after OpenMessage was granted exactly one of CommitMessage, AbortMessage or the owner's own
//    on_message_refused() ends the message;
//  - each command gets one reply, but the end of a message in LMTP one for each recipient; replies
//  that can go together come as one Send, but one to an error ends its own, and none is much
//  longer than kReplies;
//  - after Close comes no further action.
//
// RFC 5321 (SMTP), RFC 1870 (SIZE), RFC 2034 and RFC 3463 (enhanced status codes), RFC 2920
// (PIPELINING), RFC 6152 (8BITMIME), RFC 3207 (STARTTLS), RFC 3461 (DSN), RFC 3030
// (CHUNKING), RFC 6531 (SMTPUTF8), RFC 9422 (LIMITS), RFC 6710
// (MT-PRIORITY), RFC 8689 (REQUIRETLS), RFC 4865 (FUTURERELEASE),
// RFC 2033 (LMTP), RFC 4954 (AUTH).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/message/binary_converter.h"
#include "common/smtp/command_reader.h"
#include "common/smtp/data_reader.h"
#include "common/smtp/input_buffer.h"
#include "common/smtp/server_actions.h"

namespace postrider::smtp {

class ServerSession {
 public:
  // Octets of replies that are gathered before the owner is given them.
  static constexpr std::size_t kReplies = 4096;

  // `settings` outlives the session. The first action is the greeting; under implicit TLS it
  // follows the handshake (RFC 8314 section 3). `offered` is what this client gets of
  // settings.offered.
  ServerSession(const ServerSettings& settings, const Extensions& offered);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // What happened. After each the owner calls next_action() until it gives nothing; `bytes` stay
  // valid until then. A verdict of 421 closes the connection.
  void on_bytes(std::string_view bytes);
  void on_verdict(Reply verdict);          // Precondition: waiting(), and not for StartTls
  void on_secured(sasl::Binding binding);  // the answer to StartTls: the handshake is done
  // To Authenticate and AuthResponse: the client is to answer these octets, or is `identity`.
  void on_challenge(std::string_view octets);
  void on_authenticated(std::string identity);
  // The answer to BecomeClient: the client it speaks for is `offered` that.
  void on_client(const XclientArguments& told, const Extensions& offered);
  // The owner cannot or will not take the content: it goes nowhere, and `reason` is the reply at
  // its end. Called while a message is open, between AppendMessage and the next action.
  void on_message_refused(Reply reason);
  void on_timeout();   // Precondition: !waiting()
  void on_shutdown();  // closes as soon as no command and no message is under way

  std::optional<Action> next_action();
  // The owner goes on later with what next_action() would give: `bytes` need not stay valid.
  void keep_input() { input_.keep(); }

  // How far the client has come, for who asks whether it gets on.
  struct Progress {
    std::uint64_t commands = 0;  // carried out, and messages ended
    std::uint64_t steps = 0;     // nearer to the end of a message than before it, and those ends
    std::uint64_t content = 0;   // octets of messages, as far as they were not refused
  };
  Progress progress() const noexcept { return progress_; }
  // Bad commands and addresses that were refused for good, so far.
  std::uint64_t errors() const noexcept { return errors_; }
  // The owner is what the client waits for.
  bool busy() const noexcept { return waiting() && question_ != Question::tls; }

  // A question is open: the owner may stop reading.
  bool waiting() const noexcept { return question_ != Question::none; }
  // Octets kept until the question is answered or their line is whole. Bounded by what the owner
  // hands over while waiting().
  std::size_t unprocessed() const noexcept { return input_.rest().size(); }
  // Between DATA and the end of the message, or within a chunk.
  bool receiving() const noexcept { return state_ == State::data || chunk_.has_value(); }

  const Transaction& transaction() const noexcept { return transaction_; }
  std::string_view client_name() const noexcept { return client_name_; }  // of HELO or EHLO
  bool extended() const noexcept { return extended_; }                    // EHLO, not HELO
  bool secured() const noexcept { return secured_; }
  const std::string& identity() const noexcept { return identity_; }  // empty: not authenticated
  // The client sent something behind a command whose reply it had to wait for (RFC 2920
  // section 3.1).
  bool impatient() const noexcept { return impatient_; }

 private:
  enum class State : std::uint8_t {
    connected,
    ready,
    authenticating,
    mail,
    rcpt,
    data,
    chunks,
    closed
  };
  enum class Question : std::uint8_t {
    none,
    sender,
    recipient,
    directory,
    open,
    commit,
    client,
    auth,
    tls
  };
  // The octets that follow a BDAT.
  struct Chunk {
    std::uint64_t octets;
    std::uint64_t left;
    bool last;
    std::optional<Reply> misplaced;  // it belongs to no message: the reply
    bool excused;                    // that it is misplaced
  };
  struct Command;
  static const Command* find_command(std::string_view verb, Protocol protocol);

  bool step();
  bool take_command();
  void execute(std::string_view line);
  // Why a command is not run; nothing: it is.
  std::optional<Reply> refusal_of(const Command& command, std::string_view argument) const;
  Reply out_of_sequence(std::string_view verb) const;
  bool follows_refusal(std::string_view verb) const;
  Reply authentication_missing() const;
  bool starttls_offered() const;
  Extensions offered() const;
  bool auth_offered() const;
  bool take_response();
  void respond(std::string_view line);
  void give_up_auth(const Reply& reply);

  // How far a session has come towards the end of a message; each recipient is a place farther.
  static constexpr std::size_t kPlaceOfHello = 1;
  static constexpr std::size_t kPlaceOfMail = 2;
  void advance(std::size_t place);
  void begin_anew();
  void add_recipient();
  void begin_content(State state, DataReader::Framing framing);
  bool take_content();
  void refuse_data(const Reply& verdict);
  void open_chunks(Reply verdict);
  void begin_chunk();
  bool take_chunk();
  void end_of_chunk();
  void hand_on(std::string_view content);
  bool convert_rest();
  std::optional<Reply> judge_content() const;
  void refuse(Reply reason);
  void pass_over(std::size_t octets, const Reply& reason);
  void drop_message(const Reply& reason);
  void end_of_content();
  void accepted();
  Reply too_big() const;

  void greet();
  bool lmtp() const noexcept { return settings_.protocol == Protocol::lmtp; }
  void say(const Reply& reply);
  void say_at_end(const Reply& reply);
  bool replies_due() const noexcept;
  void complain(const Reply& reply);
  void refuse_address(const Reply& reply);
  void ask(Question question, Action action);
  bool has_room_for_domain(std::string_view domain) const;
  template <typename Ask>
  void ask_directory(std::string_view argument);
  void close(const Reply& last_words, Close::At wish = Close::At::server);
  bool begin_session(std::string_view argument);
  void reset();

  void helo(std::string_view argument);
  void ehlo(std::string_view argument);
  void mail(std::string_view argument);
  void rcpt(std::string_view argument);
  void data(std::string_view argument);
  void bdat(std::string_view argument);
  void rset(std::string_view argument);
  void noop(std::string_view argument);
  void quit(std::string_view argument);
  void vrfy(std::string_view argument);
  void expn(std::string_view argument);
  void help(std::string_view argument);
  void not_offered(std::string_view argument);
  void another_protocol(std::string_view argument);
  void starttls(std::string_view argument);
  void xclient(std::string_view argument);
  void auth(std::string_view argument);

  const ServerSettings& settings_;
  Extensions offered_;  // to this client, whether or not it is under TLS
  State state_ = State::connected;
  State tried_ = State::connected;  // what MAIL or RCPT was to lead to, refused or not
  Question question_ = Question::none;
  bool shutting_down_ = false;
  bool extended_ = false;
  bool secured_ = false;
  bool impatient_ = false;
  bool tls_due_ = false;  // once the replies are taken
  sasl::Binding binding_ = sasl::Binding::none;
  std::optional<Close> close_due_;
  std::string client_name_;
  std::string identity_;
  bool spoken_for_ = false;  // XCLIENT told who the client is
  Transaction transaction_;
  bool transaction_over_ = false;  // cleared by the next step
  RcptArguments candidate_;        // the recipient that the owner is asked about
  std::uint64_t messages_ = 0;
  // Since a message was accepted:
  std::uint64_t bad_commands_ = 0;
  std::uint64_t bad_recipients_ = 0;
  std::size_t most_recipients_ = 0;  // accepted, of one transaction
  // Since a message was accepted, or a transaction had more recipients than any since then; but no
  // BDAT whose octets were taken.
  std::uint64_t idle_commands_ = 0;
  std::uint64_t errors_ = 0;
  Progress progress_;
  std::size_t farthest_ = 0;  // place of the session: see advance()

  InputBuffer input_;
  CommandReader commands_;
  std::optional<Chunk> chunk_;  // under way
  DataReader content_;
  std::optional<message::BinaryConverter> converter_;  // of binary content, into lines
  std::uint64_t content_octets_ = 0;                   // as they arrived
  std::uint64_t passed_over_ = 0;                      // octets, since content began
  bool message_open_ = false;                          // the owner has one
  std::optional<Reply> refusal_;                       // of the message under way

  std::string replies_;             // said, and not yet given to the owner
  std::uint64_t errors_given_ = 0;  // those whose replies were
  std::optional<Action> action_;
};

}  // namespace postrider::smtp
