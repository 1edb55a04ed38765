#include "ctl/submission.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "common/base/check.h"
#include "common/base/fd.h"
#include "common/net/connector.h"
#include "common/smtp/client_session.h"
#include "common/smtp/dot_stuffer.h"

namespace postrider::ctl {

namespace {

using namespace std::chrono_literals;
using smtp::ClientSession;

constexpr std::size_t kReadChunk = 16384;
constexpr std::size_t kContentPortion = 1U << 16U;

// Carries out what the session asks for, on a blocking socket.
class Dialogue {
 public:
  Dialogue(Fd fd, const std::string& own_name, smtp::ClientTransaction transaction,
           std::string_view content)
      : fd_(std::move(fd)),
        session_(own_name, TlsLevel::none),
        transaction_(std::move(transaction)),
        content_(content) {
    transaction_.chunking = false;
  }

  Result<std::vector<smtp::RecipientOutcome>> run() {
    while (!closed_) {
      while (auto action = session_.next_action())
        std::visit([this](auto& one) { this->act(one); }, *action);
      if (closed_) break;
      if (!session_.ready()) {
        read();
      } else if (!outcomes_) {
        session_.start(std::move(transaction_));
      } else {
        session_.quit();
      }
    }
    if (outcomes_) return std::move(*outcomes_);
    return fail(ErrorKind::temporary, smtp::to_line(unusable_));
  }

 private:
  void act(ClientSession::Send& send) { write(send.bytes); }
  void act(ClientSession::SendContent&) {
    smtp::DotStuffer stuffer;
    for (std::string_view rest = content_; !rest.empty();) {
      std::string portion;
      stuffer.append(rest.substr(0, kContentPortion), portion);
      rest.remove_prefix(std::min(rest.size(), kContentPortion));
      if (!write(portion)) return;
    }
    std::string end;
    stuffer.finish(end);
    if (write(end)) session_.on_content_sent();
  }
  // A session in the clear, a transaction without chunking: neither is asked for.
  static void act(const ClientSession::SendChunk&) { POSTRIDER_CHECK(false); }
  static void act(const ClientSession::StartTls&) { POSTRIDER_CHECK(false); }
  void act(ClientSession::Done& done) { outcomes_ = std::move(done.outcomes); }
  void act(ClientSession::Unusable& unusable) { unusable_ = std::move(unusable.reply); }
  void act(ClientSession::Close&) { closed_ = true; }

  // False: it failed, and nothing is sent after it, as the server could not see what is missing. A
  // reply that came before is read yet.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (errno == EAGAIN) session_.on_timeout();
      ::shutdown(fd_.get(), SHUT_RDWR);
      return false;
    }
    return true;
  }

  void read() {
    std::array<char, kReadChunk> buffer;
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) return session_.on_bytes({buffer.data(), static_cast<std::size_t>(n)});
    if (n < 0 && errno == EINTR) return;
    if (n < 0 && errno == EAGAIN) return session_.on_timeout();
    session_.on_closed({});
  }

  Fd fd_;
  ClientSession session_;
  smtp::ClientTransaction transaction_;  // until it is started
  std::string_view content_;
  std::optional<std::vector<smtp::RecipientOutcome>> outcomes_;
  smtp::Reply unusable_;
  bool closed_ = false;
};

timeval to_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = time / 1s, .tv_usec = time % 1s / 1us};
}

Result<Fd> connect(const std::string& socket, std::chrono::milliseconds silence) {
  auto fd = net::connect_unix(socket);
  if (!fd) return fd;
  const timeval timeout = to_timeval(silence);
  const int flags = ::fcntl(fd->get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd->get(), F_SETFL, flags & ~O_NONBLOCK) != 0 ||
      ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
      ::setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0)
    return fail_errno(socket, errno);
  return fd;
}

}  // namespace

Result<std::vector<smtp::RecipientOutcome>> submit(const std::string& socket,
                                                   const std::string& own_name,
                                                   const smtp::ClientTransaction& transaction,
                                                   std::string_view content,
                                                   std::chrono::milliseconds silence) {
  auto fd = connect(socket, silence);
  if (!fd) return fail(ErrorKind::temporary, fd.error().text);
  return Dialogue(std::move(*fd), own_name, transaction, content).run();
}

}  // namespace postrider::ctl
