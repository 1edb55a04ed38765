// session.h - the server side of one POP3 conversation, without I/O.
//
// A Session is told what happened (bytes arrived, a login was judged, a portion of a message was
// read) and answers with Actions for its owner to carry out, in order. It opens no file and no
// socket, starts no timer and calls nobody back.
//
// It works only as far as next_action() is asked: an owner that stops asking while its output waits
// has back-pressure on everything, long lists and pipelined commands alike, and no answer is ever
// held in memory as a whole. What it holds of the client's bytes and its own actions it gives back
// when there is nothing to do.
//
//                 USER            PASS accepted               QUIT
//   authorization ----> named ----------------> transaction ------> update ----> closed
//     |  ^   ^            |                     STAT LIST RETR      removes what was marked:
//     |  |   +------------+                     TOP UIDL DELE       +OK, or -ERR
//     |  |    PASS refused                      RSET NOOP
//     |  |                                        ^
//     |  +-- refused, "*" -- authenticating ------+   accepted, as is APOP
//     +------- AUTH -------------^
//
// CAPA and LANG are legal in the three that take commands; STLS, AUTH, APOP and UTF8 in the first
// two; QUIT in all, and leads from the first two to closed at once. STLS leads to authorization,
// with nothing left of what was said in the clear. From anywhere a bare LF or CR, a NUL, and a
// limit that is reached lead to closed.
//
// RFC 1939 (POP3), RFC 2449 (CAPA, RESP-CODES, PIPELINING), RFC 2595 (STLS), RFC 3206 (AUTH and SYS
// codes), RFC 5034 (AUTH; RFC 1734 is its older form), RFC 6856 (UTF8, LANG).
// Deviation: RFC 1939 section 4 lets only PASS follow USER; here other commands of the state may.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "pop3d/actions.h"
#include "pop3d/maildrop.h"
#include "pop3d/session_options.h"
#include "pop3d/words.h"

namespace postrider::pop3d {

enum class State : std::uint8_t {
  authorization,
  named,
  authenticating,
  transaction,
  update,
  closed
};

class Session {
 public:
  // Octets of a command line with its CRLF: RFC 2449 section 4, and AUTH with its initial response:
  // RFC 5034 section 4.
  static constexpr std::size_t kMaxLine = 255;
  // And of what AUTH is answered with, in base64: as long as smtpd takes.
  static constexpr std::size_t kMaxResponse = 12288;
  // A list goes out in portions of about this many octets.
  static constexpr std::size_t kListPortion = 16384;

  // The greeting is the first action; under implicit TLS it follows the handshake.
  explicit Session(SessionOptions options);

  // Adds bytes that came from the client. They are kept until they are executed: an owner that
  // still has actions to carry out, or an open question, reads no more meanwhile.
  void on_bytes(std::string_view bytes);

  // The answers to the open question. Precondition of each: waiting(). `listing` outlives the
  // Session; `wire` is a portion as maildir::MessageReader gives it; `retention` is this mailbox's,
  // where it has one of its own.
  void on_login_accepted(const maildir::Listing& listing,
                         std::optional<std::chrono::seconds> retention = std::nullopt);
  void on_login_refused(LoginRefusal why);
  void on_challenge(std::string_view octets);
  void on_secured(sasl::Binding binding);
  void on_portion(std::string wire, More more);
  void on_message_unavailable();
  void on_removed(std::size_t failures);

  // Takes the next action, or nothing if there is none until something else happens.
  std::optional<Action> next_action();

  // A question is open.
  bool waiting() const noexcept { return question_ != Question::none; }
  // It is the handshake, for which the client is waited for.
  bool securing() const noexcept { return question_ == Question::tls; }
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
  enum class Question : std::uint8_t { none, login, tls, message, removal };

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

  void release_memory();
  bool take_line();
  void execute(std::string_view line);
  void send_list_portion();
  void send(std::string bytes);
  template <typename... Arguments>
  std::string say(Word word, const Arguments&... arguments) const;
  template <typename... Arguments>
  void ok(Word word, const Arguments&... arguments);
  template <typename... Arguments>
  void refuse(Word word, const Arguments&... arguments);
  void refuse_and_close(Word word);
  void refuse_bad_command(Word word);
  void ask(Question question, Action action);
  void answered(Question question);
  void greet();
  void close();

  void user(std::string_view argument);
  void pass(std::string_view argument);
  void apop(std::string_view argument);
  void auth(std::string_view argument);
  void capa(std::string_view argument);
  void stls(std::string_view argument);
  void utf8(std::string_view argument);
  void lang(std::string_view argument);
  void stat(std::string_view argument);
  void list(std::string_view argument);
  void uidl(std::string_view argument);
  void retr(std::string_view argument);
  void top(std::string_view argument);
  void dele(std::string_view argument);
  void rset(std::string_view argument);
  void noop(std::string_view argument);
  void quit(std::string_view argument);

  bool may_send_password() const noexcept;
  bool offers_stls() const noexcept { return options_.tls == Tls::starttls && !secured_; }
  void send_mechanisms();
  void respond(std::string_view line);
  void give_up_auth(Word word);
  void answer_list(std::string_view argument, List::Of of);
  std::string list_line(std::size_t message, List::Of of) const;
  // The message that `number` names; otherwise refuses and returns nothing.
  std::optional<std::size_t> find_message(std::string_view number);

  const SessionOptions options_;
  std::optional<std::chrono::seconds> retention_;  // of the mailbox, as on_login_accepted() told
  State state_ = State::authorization;
  Question question_ = Question::none;
  Language language_ = Language::english;
  sasl::Binding binding_ = sasl::Binding::none;
  bool secured_ = false;
  maildir::Form form_ = maildir::Form::downgraded;  // original once the client has said UTF8
  bool quit_ = false;
  std::string input_;
  std::size_t input_done_ = 0;
  std::vector<Action> actions_;
  std::size_t actions_taken_ = 0;
  std::uint64_t bad_commands_ = 0;
  std::string user_;
  std::optional<Maildrop> maildrop_;  // from the login on
  std::optional<List> list_;
  std::optional<Message> message_;
  std::size_t removing_ = 0;
  Totals totals_;
};

// ---- Replies (RFC 1939 section 3) ----

template <typename... Arguments>
std::string Session::say(Word word, const Arguments&... arguments) const {
  return fmt::format(fmt::runtime(text_of(word, language_)), arguments...);
}

template <typename... Arguments>
void Session::ok(Word word, const Arguments&... arguments) {
  send(fmt::format("+OK {}\r\n", say(word, arguments...)));
}

template <typename... Arguments>
void Session::refuse(Word word, const Arguments&... arguments) {
  const std::string_view code = code_of(word);
  send(fmt::format("-ERR {}{}{}\r\n", code, code.empty() ? "" : " ", say(word, arguments...)));
}

}  // namespace postrider::pop3d
