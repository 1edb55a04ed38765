// connection.h - carries out what a Session decides: the network, the directory, the mailbox.
//
// The only place where the POP3 protocol meets the world. It holds no protocol state of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/auth/attempts.h"
#include "common/base/clock.h"
#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/directory/credentials.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/log.h"
#include "common/maildir/mailbox.h"
#include "common/metrics/counters.h"
#include "common/net/address.h"
#include "common/net/stream.h"
#include "common/quota/full_marks.h"
#include "pop3d/session.h"
#include "pop3d/transfer.h"

namespace postrider::pop3d {

// What the connections of one worker share. All of it outlives them.
struct Services {
  event::EventLoop& loop;
  directory::Credentials& credentials;
  auth::Attempts& attempts;
  event::WorkerPool& files;  // for mailboxes
  const Clock& clock;
  log::Logger& log;
  metrics::Counters& counters;
  const quota::FullMarks& full_marks;
};

struct ConnectionOptions {
  std::string mail_directory;
  std::chrono::microseconds timeout = std::chrono::minutes(10);  // RFC 1939 section 3
};

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
  void on_closed(net::CloseReason reason) override;

  void act();
  void carry_out(Action& action);
  void log_in(Login& login);
  void on_verified(Result<directory::LoginAnswer> answer);
  void on_opened(Result<std::unique_ptr<maildir::Mailbox>> opened);
  auth::Consequence note_attempt(auth::Attempt::End end, std::string_view reason);
  void refuse_later(LoginRefusal why, std::chrono::microseconds delay);
  void refuse_login(LoginRefusal why, std::string_view reason);
  void give_portion();
  void remove(std::vector<std::size_t> messages);
  void close();
  void finish(std::string_view how);

  const Services& services_;
  const ConnectionOptions& options_;
  const net::IpAddress client_;
  UniqueFunction<void()> on_done_;
  std::string user_;                           // as the client gave it, then the mailbox
  std::shared_ptr<maildir::Mailbox> mailbox_;  // second owner: a job on a thread
  Session session_;
  PendingPtr question_;
  std::unique_ptr<Transfer> transfer_;
  event::Timer timer_;        // kLoginTime, then kLinger
  event::Timer login_delay_;  // then it is refused for
  LoginRefusal refusal_ = LoginRefusal::credentials;
  net::Stream stream_;
  bool logged_in_ = false;
  bool closing_ = false;
  bool ending_ = false;
};

}  // namespace postrider::pop3d
