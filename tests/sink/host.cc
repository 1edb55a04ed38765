#include "tests/sink/host.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "common/net/stream.h"

namespace postrider::sink {

namespace {

using std::chrono_literals::operator""s;

constexpr std::chrono::seconds kHandshake = 30s;

Fd listen_at(const net::SocketAddress& address) {
  auto listening = net::open_listening_socket(address);
  if (!listening) throw std::runtime_error(listening.error().text);
  return std::move(*listening);
}

}  // namespace

class Host::Connection final : public event::Deferred, private net::Stream::Owner {
 public:
  Connection(Host& host, Fd fd)
      : host_(host),
        fd_(fd.get()),
        session_(host.parts_.tls != nullptr),
        stream_(host.parts_.loop, std::move(fd), *this) {
    stream_.send(Session::greeting());
    stream_.flush();
  }

  // Whether the client has it open: the kernel knows of its end before we read it.
  bool is_open() const {
    tcp_info state{};
    socklen_t size = sizeof state;
    return ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 &&
           state.tcpi_state == TCP_ESTABLISHED;
  }

 private:
  void on_bytes(std::string_view bytes) override {
    const Session::Turn turn = session_.on_bytes(bytes);
    for (const unsigned recipients : turn.messages) host_.on_message(recipients);
    stream_.send(turn.replies);
    if (turn.start_tls) stream_.start_tls(host_.parts_.tls->accept(), kHandshake);
    if (turn.close) stream_.shut_down();
  }
  void on_drained() override {}
  void on_secured(const net::TlsInfo& info) override {
    session_.on_secured();
    host_.on_secured(info);
  }
  void on_closed(net::CloseReason /*reason*/) override { host_.on_closed(*this); }

  Host& host_;
  const int fd_;  // the stream's
  Session session_;
  net::Stream stream_;
};

Host::Host(Options options, Parts parts, UniqueFunction<void()> on_message)
    : options_(std::move(options)),
      parts_(parts),
      on_message_(std::move(on_message)),
      listening_(listen_at(options_.address)),
      listener_(std::make_unique<net::Listener>(
          parts_.loop, listening_.get(),
          [this](Fd fd, const net::SocketAddress& /*peer*/) { accept(std::move(fd)); },
          [](int /*error*/) {})) {
  if (options_.rate) pace_.emplace(*options_.rate);
}

Host::~Host() = default;

void Host::accept(Fd fd) {
  ++connections_;
  if (connected_.size() >= most_connections_)
    most_connections_ = std::max(most_connections_, open() + 1);
  connected_.push_back(std::make_unique<Connection>(*this, std::move(fd)));
}

// A client may have closed one before it opened another, though we hear of it later.
std::size_t Host::open() const {
  const auto open = std::count_if(connected_.begin(), connected_.end(),
                                  [](const auto& connection) { return connection->is_open(); });
  return static_cast<std::size_t>(open);
}

void Host::on_message(unsigned recipients) {
  const Pace::Seconds now = parts_.clock.now().time_since_epoch();
  if (messages_++ == 0) first_ = now;
  last_ = now;
  most_recipients_ = std::max(most_recipients_, recipients);
  if (pace_) pace_->on_message(now);
  on_message_();
}

void Host::on_secured(const net::TlsInfo& info) {
  ++secured_;
  if (info.resumed) ++resumed_;
}

void Host::on_closed(Connection& connection) {
  const auto place = std::find_if(connected_.begin(), connected_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  parts_.loop.destroy_later(std::move(*place));
  connected_.erase(place);
}

std::string Host::report() const {
  return fmt::format(
      R"({{"connections":{},"most_connections":{},"secured":{},"resumed":{},"messages":{},)"
      R"("most_recipients":{},"first":{:.6f},"last":{:.6f}{}}})",
      connections_, most_connections_, secured_, resumed_, messages_, most_recipients_,
      first_.count(), last_.count(),
      pace_ ? fmt::format(R"(,"most_ahead":{:.6f})", pace_->most_ahead().count()) : "");
}

}  // namespace postrider::sink
