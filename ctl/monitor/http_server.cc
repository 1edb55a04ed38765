#include "ctl/monitor/http_server.h"

#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <utility>

#include "common/base/ascii.h"
#include "common/net/stream.h"

namespace postrider::ctl {

bool is_host_of_ours(std::string_view host, std::string_view hostname) {
  return net::IpAddress::parse(host).has_value() || host == "localhost" ||
         equals_ignoring_case(host, hostname);
}

//   reading --the head is whole--> asking --the site has answered--> ending --> gone
//      \------- what is wrong is told --------------------------------^
class HttpServer::Connection final : public event::Deferred, private net::Stream::Owner {
 public:
  Connection(HttpServer& server, Fd fd, std::uint64_t number)
      : server_(server),
        number_(number),
        deadline_(server.loop_, [this] { leave(); }),
        stream_(server.loop_, std::move(fd), *this) {
    deadline_.arm(server.options_.timeout);
  }

 private:
  enum class State : std::uint8_t { reading, asking, ending };

  void on_bytes(std::string_view bytes) override {
    if (state_ != State::reading) return;  // what follows the request is not listened to
    switch (reader_.take(bytes)) {
      case HttpRequestReader::Step::incomplete: return;
      case HttpRequestReader::Step::bad: return answer(refusal(reader_.status(), reader_.defect()));
      case HttpRequestReader::Step::done: return ask();
    }
  }

  void ask() {
    const HttpRequest& request = reader_.request();
    if (request.method == HttpRequest::Method::other)
      return answer(refusal(405, "only GET and HEAD are answered here"));
    if (!is_host_of_ours(request.host, server_.options_.hostname))
      return answer(refusal(421,
                            "this is not the host that the request names: ask for it by its "
                            "address, as localhost, or by its hostname"));
    state_ = State::asking;
    question_ = server_.site_.answer(request, [this](const HttpAnswer& given) { answer(given); });
  }

  void answer(const HttpAnswer& given) {
    state_ = State::ending;
    stream_.send(to_wire(given, reader_.request().method == HttpRequest::Method::head));
    stream_.flush();
    stream_.shut_down();
  }

  void on_drained() override {}
  void on_closed(net::CloseReason /*reason*/) override { leave(); }
  void leave() {
    question_.reset();
    deadline_.disarm();
    server_.remove(number_);
  }

  HttpServer& server_;
  const std::uint64_t number_;
  State state_ = State::reading;
  HttpRequestReader reader_;
  PendingPtr question_;
  event::Timer deadline_;
  net::Stream stream_;
};

HttpServer::HttpServer(event::EventLoop& loop, int listening, Options options, Site& site,
                       log::Logger& log)
    : loop_(loop),
      options_(std::move(options)),
      site_(site),
      listener_(
          loop, listening, [this](Fd fd, const net::SocketAddress&) { accept(std::move(fd)); },
          [&log](int error) {
            log.warning("accept_paused").with("reason", std::strerror(error));
          }) {}

HttpServer::~HttpServer() = default;

// Who is too many is told by one system call that does not wait.
void HttpServer::accept(Fd fd) {
  if (connections_.size() >= options_.connection_limit) {
    const std::string answer =
        to_wire(refusal(503, "too many connections, try again later"), false);
    static_cast<void>(::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    return;
  }
  const std::uint64_t number = ++last_number_;
  connections_.emplace(number, std::make_unique<Connection>(*this, std::move(fd), number));
}

void HttpServer::remove(std::uint64_t number) {
  const auto node = connections_.extract(number);
  if (!node.empty()) loop_.destroy_later(std::move(node.mapped()));
}

}  // namespace postrider::ctl
