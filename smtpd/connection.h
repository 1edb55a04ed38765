// connection.h - carries out what an smtp::ServerSession decides.
//
// The one place where the SMTP protocol, the network, the policy and the spool meet. It holds no
// protocol state of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/auth/authentication.h"
#include "common/base/fd.h"
#include "common/base/unique_function.h"
#include "common/checks/inquiry.h"
#include "common/message/field_filter.h"
#include "common/net/address.h"
#include "common/net/stream.h"
#include "common/smtp/server_session.h"
#include "smtpd/pace.h"
#include "smtpd/services.h"

namespace postrider::smtpd {

class Connection final : public event::Deferred, private net::Stream::Owner {
 public:
  // Replies that a client does not read, in octets: beyond, nothing more is read from it, nor done
  // of what it said; what is under way adds ServerSession::kReplies and a reply.
  static constexpr std::size_t kMaxUnsent = 65536;
  // After the last reply: how long it may take the client to read it; and how long a client that
  // did not say QUIT is heard out, so that a reset does not overtake the reply.
  static constexpr std::chrono::seconds kLinger{5};

  // `services` and `listener` outlive the Connection. `on_done` is called once, when the
  // conversation is over, and never from the constructor; its owner then hands the Connection to
  // destroy_later().
  Connection(Services& services, const Listener& listener, Fd fd, const net::SocketAddress& peer,
             UniqueFunction<void()> on_done);

  // Ends the conversation as soon as no command and no message is under way.
  void shut_down();

  // To be asked now and then: see pace.h.
  bool is_too_slow(const PaceLimits& limits, bool scarce);
  void end_slow();

 private:
  void on_bytes(std::string_view bytes) override;
  void on_drained() override;
  void on_secured(const net::TlsInfo& info) override;
  bool on_timeout() override;
  void on_closed(net::CloseReason reason) override;

  void greet();
  void act();
  void carry_out(smtp::Action& action);
  void send(std::string bytes);
  bool held_back() const noexcept { return delay_ && delay_->armed(); }
  void send_delayed();
  bool unread() const noexcept { return stream_.unsent() > kMaxUnsent; }
  void start_tls();
  // What is told of the session.
  void note_connected();
  void note_secured(const net::TlsInfo& info);
  void note_failed_handshake();
  void note_recipient_refused(const checks::Verdict& against);
  void note_accepted(const MessageId& id);
  void note_abandoned();
  // `id` is empty when the message was refused before it had one.
  void note_refused(std::string_view id, const smtp::Reply& reason);
  void note_disconnected();
  log::Entry& name_session(log::Entry& entry) const;
  log::Entry& name_transaction(log::Entry& entry) const;
  void adjust_stream();
  void become_client(const smtp::XclientArguments& told);
  bool enter_told(const net::IpAddress& address);
  void leave_told();

  void authenticate(smtp::Authenticate& begin);
  void respond(smtp::AuthResponse& response);
  void on_login(auth::Event event);
  void admit(directory::LoginAnswer login);
  void refuse_login(const auth::Refused& refused);
  void abandon_login();
  auth::Consequence note_attempt(auth::Attempt::End end, std::string_view reason,
                                 std::string_view mailbox);
  void refuse_later(auth::Refused::Why why, std::chrono::microseconds delay);
  void confirm_login(int priority);
  smtp::Reply confirmed(const Result<directory::LoginAnswer>& answer, int priority);

  void ask_sender(const smtp::AskSender& asked);
  void ask_recipient(const smtp::Mailbox& recipient);
  void on_judged(const checks::Verdicts& verdicts);
  // Hands what the directory says of `mailbox` to `answer`, and its reply to the session.
  template <typename Answer>
  void ask_directory(const smtp::Mailbox& mailbox, Answer answer);
  void open_message(std::uint64_t declared_size);
  void append(std::string_view content);
  std::optional<smtp::Reply> refusal_in(const checks::Verdicts& verdicts);
  void note_finding(const checks::Verdict& verdict);
  void commit();
  void commit_if_accepted(const checks::Verdicts& verdicts);
  void committed(const MessageId& id, const Result<void>& result);
  void refuse_message(const smtp::Reply& reason);
  void refuse_at_end(const smtp::Reply& reason);
  void drop_message(const smtp::Reply& reason);

  void begin_close(const smtp::Close& close);
  void finish();

  Services& services_;
  const Listener& listener_;
  UniqueFunction<void()> on_done_;
  const MessageId id_;  // of the session
  checks::Client client_;
  std::optional<net::IpAddress> told_;  // by XCLIENT, and admitted
  checks::Inquiry inquiry_;
  smtp::ServerSession session_;
  PendingPtr question_;                   // to the directory, for VRFY and EXPN
  std::optional<event::Timer> greeting_;  // there while it is held back
  PendingPtr commit_;
  std::unique_ptr<auth::Authentication> login_;           // the last that was begun
  std::optional<directory::LoginAnswer> login_admitted_;  // what smtpd let in, not XCLIENT
  std::unique_ptr<spool::Draft> draft_;
  std::optional<message::FieldFilter> filter_;  // of the content, where it is submitted
  std::string_view refused_by_;                 // the check, of the message under way; empty: none
  std::uint64_t size_ = 0;                      // of the message that is being committed
  std::chrono::microseconds commit_begun_{0};   // EventLoop::now()
  std::uint64_t transactions_ = 0;              // of the session: MAIL
  std::optional<net::TlsInfo> tls_;
  net::Stream stream_;
  Pace pace_;
  std::uint64_t errors_ = 0;           // of the session, as far as they were counted
  std::optional<event::Timer> delay_;  // of the reply to an error, once there was one to hold back
  std::string delayed_;                // that reply, and those that go with it
  std::chrono::microseconds login_heard_{0};  // EventLoop::now(), the last that a login was made of
  std::optional<event::Timer> login_delay_;   // of the reply to a login, once one was refused
  auth::Refused::Why login_refusal_{};        // for that reply
  bool receiving_ = false;                    // which time-out holds
  std::optional<event::Timer> linger_;        // there once the session has closed
  bool finish_when_written_ = false;          // the client said QUIT
  bool gone_ = false;
  bool timed_out_ = false;
};

}  // namespace postrider::smtpd
