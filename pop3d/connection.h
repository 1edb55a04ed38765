// connection.h - carries out what a Session decides: the network, the directory, the mailbox.
//
// The only place where the POP3 protocol meets the world. It holds no protocol state of its own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/auth/authentication.h"
#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/maildir/mailbox.h"
#include "common/net/address.h"
#include "common/net/stream.h"
#include "pop3d/opening.h"
#include "pop3d/services.h"
#include "pop3d/session.h"
#include "pop3d/transfer.h"

namespace postrider::pop3d {

class Connection final : public event::Deferred, private net::Stream::Owner {
 public:
  // Who has not logged in after this long is sent away, however busy: strangers do not keep
  // connections.
  static constexpr std::chrono::seconds kLoginTime{180};
  // Output that waits before the session is asked for no more.
  static constexpr std::size_t kHighWater = 131072;
  // How long the client's end may take to see our last words before its unread bytes reset the
  // connection.
  static constexpr std::chrono::seconds kLinger{2};

  // `on_done` is called once, but not by the constructor; the owner then gives the Connection to
  // EventLoop::destroy_later().
  Connection(const Services& services, const ConnectionOptions& options, SessionOptions session,
             Fd fd, const net::SocketAddress& peer, UniqueFunction<void()> on_done);

  // Ends it as soon as no question is open and all is sent: the worker stops. May call on_done.
  void end_when_idle();

 private:
  void on_bytes(std::string_view bytes) override;
  void on_drained() override;
  void on_secured(const net::TlsInfo& info) override;
  void on_closed(net::CloseReason reason) override;

  void act();
  bool hold(const Action& action);
  void carry_out(Action& action);
  void note_failed_handshake();

  void log_in(Login& login);
  void log_in(Apop& login);
  bool begin_login(std::string_view mechanism, std::string user);
  void authenticate(Authenticate& begin);
  void respond(AuthResponse& response);
  void on_verified(Result<directory::LoginAnswer> answer);
  void on_event(auth::Event event);
  void admit(directory::LoginAnswer answer);
  void refuse(const auth::Refused& refused);
  void on_opened(Result<Opening> opened, const directory::LoginAnswer& login);
  void note_login(const std::string& app_password);
  void abandon_login();
  auth::Consequence note_attempt(auth::Attempt::End end, std::string_view reason,
                                 std::string_view mailbox);
  void refuse_later(LoginRefusal why, std::chrono::microseconds delay);
  void refuse_mailbox(LoginRefusal why, std::string_view reason);

  void open_message(const OpenMessage& open);
  void give_portion();
  void remove(std::vector<std::size_t> messages);
  void close();
  void finish(std::string_view how);

  const Services& services_;
  const ConnectionOptions& options_;
  const net::IpAddress client_;
  UniqueFunction<void()> on_done_;
  std::string user_;                           // as the client gave it, then the mailbox
  std::string_view mechanism_;                 // of the last login: "USER", "APOP", or of SASL
  std::shared_ptr<maildir::Mailbox> mailbox_;  // second owner: a job on a thread
  Session session_;
  std::optional<Action> held_;  // until all is sent
  PendingPtr question_;
  std::unique_ptr<auth::Authentication> login_;  // there while one by SASL is under way
  std::unique_ptr<Transfer> transfer_;
  const std::chrono::microseconds begun_;     // EventLoop::now()
  std::chrono::microseconds admitted_{0};     // the same, the password was right
  event::Timer timer_;                        // kLoginTime, then kLinger
  std::chrono::microseconds login_heard_{0};  // EventLoop::now(), the last that a login was made of
  std::optional<event::Timer> login_delay_;   // then it is refused; there once one was
  std::string_view tls_;                      // its version, once the handshake is done
  net::Stream stream_;
  LoginRefusal refusal_ = LoginRefusal::credentials;
  bool verifying_ = false;  // what USER and PASS, or APOP, have given
  bool logged_in_ = false;
  bool closing_ = false;
  bool ending_ = false;
};

}  // namespace postrider::pop3d
