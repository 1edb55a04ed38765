// fake_server.h - the server at the other end of a delivery, played on a loopback address or a Unix
// socket.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/net/listener.h"
#include "common/net/stream.h"
#include "common/net/tls_server.h"

namespace postrider::deliverd::testing {

// A server of a few lines that speaks SMTP and LMTP: says what `replies` says to a verb (or its
// usual answer) or to a whole command line, and keeps what it took. "close" as a reply closes the
// connection; "close once" does so once. "end" is the end of a message, in LMTP "end RCPT TO:<a@b>"
// that for one recipient.
class FakeServer {
 public:
  FakeServer(event::EventLoop& loop, std::string_view ip, std::uint16_t port)
      : FakeServer(loop, *net::open_listening_socket({*net::IpAddress::parse(ip), port})) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
    address = net::SocketAddress::from(storage);
  }
  FakeServer(event::EventLoop& loop, Fd listening) : loop_(loop), socket_(std::move(listening)) {
    listener_.emplace(
        loop, socket_.get(),
        [this](Fd fd, const net::SocketAddress&) {
          ++connections;
          load->most_open = std::max(load->most_open, ++load->open);
          sessions_.push_back(std::make_unique<Session>(*this, std::move(fd)));
        },
        [](int) {});
  }

  net::SocketAddress address;
  net::TlsServer* tls = nullptr;  // not null: STARTTLS is offered
  bool implicit_tls = false;      // with `tls`: it begins with the first octet
  std::map<std::string, std::string> replies;
  // Connections at a time; servers may be counted together.
  struct Load {
    int open = 0;
    int most_open = 0;
  };
  std::shared_ptr<Load> load = std::make_shared<Load>();
  bool answers_refused = false;          // at the end, in LMTP: those whom it refused as well
  int bears = 1000;                      // connections at a time: one more is refused with 421
  unsigned messages_per_session = 1000;  // then 421
  int connections = 0;
  int handshakes = 0;                 // that were completed
  int resumed = 0;                    // of these
  std::vector<std::string> messages;  // content as it came, by DATA with dots stuffed
  std::multiset<std::string> verbs;   // that it heard

 private:
  struct Session final : net::Stream::Owner {
    Session(FakeServer& s, Fd fd) : server(s), stream(s.loop_, std::move(fd), *this) {
      if (server.implicit_tls) stream.start_tls(server.tls->accept(), std::chrono::seconds{20});
      server.load->open <= server.bears ? say("greeting", "220 fake")
                                        : say("one more", "421 too many connections");
    }
    void on_bytes(std::string_view bytes) override {
      input.append(bytes);
      while (!gone && (in_chunk ? take_chunk() : take_line())) {
      }
    }
    bool take_line() {
      // What was searched before may be the beginning of an end.
      const std::size_t from = searched < 4 ? 0 : searched - 4;
      const std::size_t end = input.find(in_data ? "\r\n.\r\n" : "\r\n", from);
      searched = end == std::string::npos ? input.size() : 0;
      if (end == std::string::npos) return false;
      const std::string line = input.substr(0, end);
      input.erase(0, end + (in_data ? 5 : 2));
      in_data ? content(line + "\r\n") : command(line);
      return true;
    }
    bool take_chunk() {
      const std::size_t taken_now = std::min(input.size(), chunk_left);
      chunks.append(input, 0, taken_now);
      input.erase(0, taken_now);
      chunk_left -= taken_now;
      if (chunk_left > 0) return false;
      in_chunk = false;
      last_chunk ? content(std::exchange(chunks, {})) : say("chunk", "250 go on");
      return true;
    }
    void on_drained() override {}
    void on_secured(const net::TlsInfo& info) override {
      ++server.handshakes;
      if (info.resumed) ++server.resumed;
      secured = true;
    }
    void on_closed(net::CloseReason) override { leave(); }
    void leave() {
      if (!std::exchange(gone, true)) --server.load->open;
    }

    void command(const std::string& line) {
      const std::string verb = line.substr(0, 4);
      server.verbs.insert(verb);
      lmtp = lmtp || verb == "LHLO";
      if (verb == "EHLO" || verb == "LHLO") return greet(verb);
      if (verb == "STAR") return start_tls();
      if (verb == "AUTH") return say(verb, "235 welcome");
      if (verb == "QUIT") {
        say(verb, "221 bye");
        return leave();
      }
      if (verb == "MAIL" && taken == server.messages_per_session) return say("421", "421 enough");
      if (verb == "MAIL") recipients.clear();
      if (verb == "BDAT" && server.replies[verb].empty()) return begin_chunk(line);
      if (verb != "DATA") {
        const std::string& to = server.replies.count(line) > 0 ? line : verb;
        if (verb == "RCPT" && (server.replies[to].empty() || server.answers_refused))
          recipients.push_back(line);
        return say(to, "250 ok");
      }
      in_data = server.replies["DATA"].empty();
      say(verb, "354 go");
    }
    void begin_chunk(const std::string& line) {
      in_chunk = true;
      chunk_left = std::stoul(line.substr(5));
      last_chunk = line.ends_with(" LAST");
    }
    void greet(const std::string& verb) {
      if (server.tls == nullptr) return say(verb, "250-fake\r\n250 PIPELINING");
      if (secured) return say("secured EHLO", "250-fake\r\n250 PIPELINING");
      say("EHLO", "250-fake\r\n250-STARTTLS\r\n250 PIPELINING");
    }
    void start_tls() {
      const std::string& reply = server.replies["STARTTLS"];
      say("STARTTLS", "220 go");
      if (reply.empty()) stream.start_tls(server.tls->accept(), std::chrono::seconds{20});
    }
    void content(const std::string& text) {
      in_data = false;
      ++taken;
      server.messages.push_back(text);
      if (!lmtp) return say("end", "250 queued");
      for (const std::string& recipient : recipients) say("end " + recipient, "250 queued");
    }
    void say(const std::string& to, const std::string& usual) {
      const std::string reply = server.replies[to].empty() ? usual : server.replies[to];
      if (reply == "close once") server.replies.erase(to);
      if (reply.starts_with("close")) {
        stream.shut_down();
        return leave();
      }
      stream.send(reply + "\r\n");
      stream.flush();
    }
    FakeServer& server;
    net::Stream stream;
    std::string input;
    std::size_t searched = 0;  // octets of it
    unsigned taken = 0;
    std::vector<std::string> recipients;  // commands: of these the end has a reply each in LMTP
    std::string chunks;                   // of a message that is not whole
    std::size_t chunk_left = 0;
    bool last_chunk = false;
    bool lmtp = false;
    bool in_chunk = false;
    bool in_data = false;
    bool secured = false;
    bool gone = false;
  };

  event::EventLoop& loop_;
  Fd socket_;
  std::optional<net::Listener> listener_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace postrider::deliverd::testing
