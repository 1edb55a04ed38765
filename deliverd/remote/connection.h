// connection.h - one connection to a server: carries out what an smtp::ClientSession decides.
//
// This is the only place where the client of SMTP and LMTP and the network meet. It holds no
// protocol state of its own. One Transfer at a time, one after another.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/base/pending.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/net/stream.h"
#include "common/smtp/client_session.h"
#include "common/smtp/dialogue.h"
#include "deliverd/remote/outgoing_content.h"
#include "deliverd/remote/server.h"
#include "deliverd/remote/transfer.h"

namespace postrider::deliverd {

class Connection final : public event::Deferred, private net::Stream::Owner {
 public:
  using Unusable = smtp::ClientSession::Unusable;

  // How long the reply to QUIT is waited for: others may want the connection.
  static constexpr std::chrono::seconds kQuitTimeout{5};

  class Owner {
   public:
    // The connection takes a Transfer; again after each.
    virtual void on_ready(Connection& connection) = 0;
    // A Transfer is over; it comes back to be told, or to be carried again.
    virtual void on_result(Connection& connection, TransferPtr transfer, TransferResult result) = 0;
    // The last call. `why` tells what was wrong with the host, where it never became ready.
    virtual void on_closed(Connection& connection, const std::optional<Unusable>& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Begins to connect. `why_clear`: as HostMemory says. `socket`: one that is connected to the
  // server already. The references outlive the Connection.
  Connection(event::EventLoop& loop, const config::Settings& settings, net::TlsClient& tls,
             const Server& server, const std::string* why_clear, std::optional<Fd> socket,
             Owner& owner);

  // Precondition: ready().
  void carry(TransferPtr transfer);
  // Says QUIT. Precondition: ready().
  void leave();

  bool ready() const noexcept { return session_.ready() && !transfer_; }
  // It will take no further Transfer.
  bool leaving() const noexcept { return leaving_; }
  // How the session is protected: "TLSv1.3"; empty: it is in the clear.
  std::string_view tls_version() const noexcept {
    return agreed_ ? agreed_->version : std::string_view();
  }
  // What there is to tell of it since it was opened, or since the last Transfer.
  std::vector<TransferRecord> record() const;
  // Transfers that were given to it.
  std::uint64_t carried() const noexcept { return carried_; }
  // What the server takes at most (RFC 9422), where it told: of recipients of one Transfer, of
  // Transfers.
  std::optional<std::uint64_t> recipients_limit() const { return session_.recipients_limit(); }
  std::optional<std::uint64_t> messages_limit() const { return session_.messages_limit(); }

 private:
  void on_bytes(std::string_view bytes) override;
  void on_drained() override;
  void on_secured(const net::TlsInfo& info) override;
  void on_closed(net::CloseReason reason) override;

  void connected(Result<Fd> socket);
  void note(std::string_view what);
  void explain_silence();
  void act();
  void perform(smtp::ClientSession::Action& action);
  void send_content();
  void abandon_content(TransferResult result);
  void end_transfer(TransferResult result);
  std::string protection() const;
  bool is_local() const noexcept { return std::holds_alternative<net::UnixSocket>(peer_.address); }
  void expired();
  void arm_timer();
  void close();

  event::EventLoop& loop_;
  const config::Settings& settings_;
  net::TlsClient& tls_;
  const net::TlsPeer peer_;
  const bool may_await_tls_;  // from the first octet: then it is silent
  const std::string why_clear_;
  Owner& owner_;
  smtp::ClientSession session_;
  event::Timer timer_;
  PendingPtr connecting_;
  std::optional<net::Stream> stream_;
  TransferPtr transfer_;
  std::chrono::microseconds begun_{0};      // EventLoop::now(), the last transfer
  std::optional<OutgoingContent> content_;  // of transfer_, once its first octet is asked for
  std::optional<net::TlsInfo> agreed_;      // once the session is under TLS
  std::optional<Unusable> unusable_;
  std::optional<smtp::Dialogue> dialogue_;  // where it is kept for the trace
  std::chrono::microseconds opened_;        // EventLoop::now(), as what follows
  std::chrono::microseconds handshake_begun_{0};
  std::chrono::microseconds connecting_took_{0};  // 0 from the second transfer on
  std::chrono::microseconds handshake_took_{0};
  std::optional<std::uint64_t> timed_wait_;  // ClientSession::waits() that timer_ is armed for
  std::uint64_t carried_ = 0;
  bool heard_ = false;  // the server has said something
  bool leaving_ = false;
  bool closed_ = false;
};

}  // namespace postrider::deliverd
