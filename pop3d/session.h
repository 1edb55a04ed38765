// session.h - the server side of one POP3 conversation, without I/O.
//
// A Session is told what happened (bytes arrived, a login was judged, a portion of a message was
// read) and answers with Actions for its owner to carry out, in order. It opens no file and no
// socket, starts no timer and calls nobody back.
//
// It works only as far as next_action() is asked: an owner that stops asking while its output waits
// has back-pressure on everything, long lists and pipelined commands alike, and no answer is ever
// held in memory as a whole.
//
//                 USER            PASS accepted               QUIT
//   authorization ----> named ----------------> transaction ------> update ----> closed
//         ^               |                     STAT LIST RETR      removes what was marked:
//         +---------------+                     TOP UIDL DELE       +OK, or -ERR
//           PASS refused                        RSET NOOP
//
// CAPA is legal in the first three, and QUIT, which leads from the first two to closed at once.
// From anywhere a bare LF or CR, a NUL, and a limit that is reached lead there too.
//
// RFC 1939 (POP3), RFC 2449 (CAPA, RESP-CODES, PIPELINING), RFC 3206 (AUTH and SYS codes).
// Deviation: RFC 1939 section 4 lets only PASS follow USER; here CAPA may stand between them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "pop3d/actions.h"
#include "pop3d/maildrop.h"

namespace postrider::pop3d {

enum class State : std::uint8_t { authorization, named, transaction, update, closed };

enum class Plaintext : std::uint8_t { refused, allowed };

struct SessionOptions {
  std::string hostname;
  Plaintext plaintext = Plaintext::refused;  // USER and PASS on this connection
  std::uint64_t bad_command_limit = 10;      // bad commands and refused logins, then it closes
};

class Session {
 public:
  // Octets of a command line with its CRLF: RFC 2449 section 4.
  static constexpr std::size_t kMaxLine = 255;
  // A list goes out in portions of about this many octets.
  static constexpr std::size_t kListPortion = 16384;

  // The greeting is the first action.
  explicit Session(SessionOptions options);

  // Adds bytes that came from the client. They are kept until they are executed: an owner that
  // still has actions to carry out, or an open question, reads no more meanwhile.
  void on_bytes(std::string_view bytes);

  // The answers to the open question. Precondition of each: waiting(). `listing` outlives the
  // Session; `wire` is a portion as maildir::MessageReader gives it.
  void on_login_accepted(const maildir::Listing& listing);
  void on_login_refused(LoginRefusal why);
  void on_portion(std::string wire, More more);
  void on_message_unavailable();
  void on_removed(std::size_t failures);

  // Takes the next action, or nothing if there is none until something else happens.
  std::optional<Action> next_action();

  // A question is open.
  bool waiting() const noexcept { return waiting_; }
  State state() const noexcept { return state_; }
  // The client ended it by QUIT.
  bool has_quit() const noexcept { return quit_; }

  struct Totals {
    std::uint64_t retrieved = 0;  // messages, by RETR
    std::uint64_t deleted = 0;    // messages, at QUIT
    std::uint64_t octets = 0;     // of messages, as they went over the wire
  };
  const Totals& totals() const noexcept { return totals_; }

 private:
  struct Command;
  static const Command* find_command(std::string_view verb);

  // A LIST or UIDL answer under way.
  struct List {
    enum class Of : std::uint8_t { octets, unique_ids } of;
    std::size_t next = 0;
  };
  // A RETR or TOP answer under way.
  struct Message {
    std::size_t number = 0;
    bool whole = false;
    bool begun = false;
  };

  bool take_line();
  void execute(std::string_view line);
  void send_list_portion();
  void send(std::string bytes);
  void ok(std::string_view text);
  void refuse(std::string_view text);
  void refuse_and_close(std::string_view text);
  void refuse_bad_command(std::string_view text);
  void ask(Action question);
  void close();

  void user(std::string_view argument);
  void pass(std::string_view argument);
  void capa(std::string_view argument);
  void stat(std::string_view argument);
  void list(std::string_view argument);
  void uidl(std::string_view argument);
  void retr(std::string_view argument);
  void top(std::string_view argument);
  void dele(std::string_view argument);
  void rset(std::string_view argument);
  void noop(std::string_view argument);
  void quit(std::string_view argument);

  void answer_list(std::string_view argument, List::Of of);
  std::string list_line(std::size_t message, List::Of of) const;
  // The message that `number` names; otherwise refuses and returns nothing.
  std::optional<std::size_t> find_message(std::string_view number);

  SessionOptions options_;
  State state_ = State::authorization;
  bool waiting_ = false;
  bool quit_ = false;
  std::string input_;
  std::size_t input_done_ = 0;
  std::deque<Action> actions_;
  std::uint64_t bad_commands_ = 0;
  std::string user_;
  std::optional<Maildrop> maildrop_;  // from the login on
  std::optional<List> list_;
  std::optional<Message> message_;
  std::size_t removing_ = 0;
  Totals totals_;
};

}  // namespace postrider::pop3d
