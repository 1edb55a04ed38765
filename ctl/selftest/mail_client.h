// mail_client.h - a mail program, as users have one: it sends by SMTP and fetches by POP3, by
// libcurl.
//
// It talks to this host alone, over loopback: whose certificate is shown is not what it looks at.
// Every call blocks, kTimeout at most; errors are temporary and say what the server said.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/net/address.h"

namespace postrider::ctl {

class MailClient {
  class Request;

 public:
  static constexpr std::chrono::seconds kTimeout{10};

  enum class Tls { none, upgraded, implicit };
  struct Server {
    net::SocketAddress address;
    Tls tls = Tls::none;

    std::string str() const;  // "127.0.0.1:465 under TLS"
  };

  // Connects as far as before a login, by the `protocol` "smtp" or "pop3".
  static Result<void> connect(const Server& server, std::string_view protocol);

  // Both outlive it.
  MailClient(const std::string& user, const Secret& password) : user_(user), password_(password) {}

  // Sends the message (lines end in CRLF) from the user to the user.
  Result<void> submit(const Server& server, std::string_view message) const;

  // A session of POP3 with the only message of the mailbox. What it deletes is gone when it is.
  class Session {
   public:
    Session(const MailClient& client, const Server& server);
    ~Session();
    Session(const Session&) = delete;

    Result<std::string> fetch();
    Result<void> remove();

   private:
    std::unique_ptr<Request> request_;
  };

 private:
  const std::string& user_;
  const Secret& password_;
};

}  // namespace postrider::ctl
