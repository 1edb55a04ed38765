#include "deliverd/remote/connection.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/base/overloaded.h"
#include "common/config/next_hops.h"
#include "common/event/answer_later.h"
#include "common/message/report.h"
#include "common/net/connector.h"

namespace postrider::deliverd {

using Session = smtp::ClientSession;

// What goes with its envelope is found right before its first octet goes out.
static_assert(Session::kOneFlight <= OutgoingContent::kBlock);

namespace {

// Where an administrator took implicit TLS for STARTTLS; at the port of SMTP there is none.
bool may_await_tls(const Server& server) {
  const auto* const address = std::get_if<net::SocketAddress>(&server.peer.address);
  return address != nullptr && address->port != config::kSmtpPort &&
         server.protocol == smtp::Protocol::smtp && server.tls_start == smtp::TlsStart::starttls;
}

}  // namespace

Connection::Connection(event::EventLoop& loop, const config::Settings& settings,
                       net::TlsClient& tls, const Server& server, const std::string* why_clear,
                       std::optional<Fd> socket, Owner& owner)
    : loop_(loop),
      settings_(settings),
      tls_(tls),
      peer_(server.peer),
      may_await_tls_(may_await_tls(server)),
      why_clear_(why_clear == nullptr ? "" : *why_clear),
      owner_(owner),
      session_(settings.hostname, why_clear == nullptr ? server.peer.level : TlsLevel::none,
               server.login, {server.protocol, server.tls_start}),
      timer_(loop, [this] { expired(); }),
      opened_(loop.now()) {
  if (settings.trace.enabled == "on") dialogue_.emplace().begin(opened_);
  const auto done = [this](Result<Fd> connected_socket) { connected(std::move(connected_socket)); };
  connecting_ =
      socket ? event::answer_later(loop, Result<Fd>(std::move(*socket)), done)
             : net::connect(loop, server.peer.address, settings.deliverd.connect_timeout, done);
}

void Connection::connected(Result<Fd> socket) {
  if (!socket) {
    const std::string& why = socket.error().text;
    note(why);
    unusable_ = Unusable{
        {0, "4.4.1", is_local() ? fmt::format("the {}: {}", message::kMailStore, why) : why}};
    return close();
  }
  connecting_took_ = loop_.now() - opened_;
  stream_.emplace(loop_, std::move(*socket), static_cast<net::Stream::Owner&>(*this));
  act();
}

void Connection::carry(TransferPtr transfer) {
  POSTRIDER_CHECK(ready());
  transfer_ = std::move(transfer);
  begun_ = loop_.now();
  if (carried_++ > 0) {
    if (dialogue_) dialogue_->begin(begun_);
    connecting_took_ = handshake_took_ = {};
  }
  session_.start(transaction_of(*transfer_));
  act();
}

void Connection::leave() {
  POSTRIDER_CHECK(ready());
  leaving_ = true;
  session_.quit();
  act();
}

void Connection::on_secured(const net::TlsInfo& info) {
  agreed_ = info;
  handshake_took_ = loop_.now() - handshake_begun_;
  note(protection());
  session_.on_secured(stream_->channel_bindings());
  act();
}

void Connection::on_bytes(std::string_view bytes) {
  const bool was_ready = ready();
  heard_ = true;
  if (dialogue_) dialogue_->on_received(bytes, loop_.now());
  session_.on_bytes(bytes);
  act();
  if (!was_ready && !closed_ && ready()) owner_.on_ready(*this);
}

void Connection::on_drained() {
  if (session_.wait() != Session::Wait::content) return;
  timed_wait_.reset();
  send_content();
  act();
}

void Connection::on_closed(net::CloseReason /*reason*/) {
  note(stream_->failure().empty() ? "the connection is closed" : stream_->failure());
  if (!stream_->failure().empty()) session_.on_tls_failed(stream_->failure());
  session_.on_closed(loop_.now() - begun_);
  act();
}

void Connection::expired() {
  if (ready()) return leave();
  note("no answer in time");
  session_.on_timeout();
  act();
}

void Connection::act() {
  while (auto action = session_.next_action()) {
    if (closed_) return;
    perform(*action);
  }
  if (closed_) return;
  stream_->flush();
  arm_timer();
}

void Connection::perform(Session::Action& action) {
  std::visit(Overloaded{
                 [&](const Session::Send& send) {
                   if (dialogue_) dialogue_->on_sent(send.bytes, loop_.now());
                   stream_->send(send.bytes);
                 },
                 [&](const Session::SendContent&) {
                   content_.emplace(transfer_->job, transfer_->source);
                   send_content();
                 },
                 [&](const Session::SendChunk& chunk) {
                   if (!content_) content_.emplace(transfer_->job, transfer_->source);
                   content_->begin_chunk(chunk.octets);
                   send_content();
                 },
                 [&](const Session::StartTls&) {
                   handshake_begun_ = loop_.now();
                   stream_->start_tls(tls_.connect(peer_), settings_.tls.handshake_timeout);
                 },
                 [&](Session::Done& done) {
                   TransferResult result{.outcomes = std::move(done.outcomes), .dsn = done.dsn};
                   result.chunking = std::move(done.chunking);
                   end_transfer(std::move(result));
                 },
                 [&](Session::Unusable& why) {
                   unusable_ = std::move(why);
                   explain_silence();
                 },
                 [&](const Session::Close&) { close(); },
             },
             action);
}

void Connection::explain_silence() {
  if (!heard_ && may_await_tls_)
    unusable_->reply.text +=
        "; if the server expects TLS from the first octet, its next hop is smtps:";
}

void Connection::send_content() {
  std::string block;
  block.reserve(content_->expected_block());
  switch (content_->append_next(block)) {
    case OutgoingContent::Block::more:
      stream_->send(block);
      stream_->want_drained(true);
      break;
    case OutgoingContent::Block::chunk_end:
    case OutgoingContent::Block::last:
      stream_->send(block);
      stream_->want_drained(false);
      note("content sent");
      session_.on_content_sent();
      break;
    case OutgoingContent::Block::corrupt: return abandon_content({{}, true});
    case OutgoingContent::Block::unreadable:
      const smtp::Reply why{0, "4.3.0", "the message cannot be read from the spool"};
      return abandon_content(
          {{transfer_->recipients.size(), {smtp::Outcome::deferred, why}}, false});
  }
}

// Closing before the end of the data is the only way to take it back (RFC 5321 section 4.1.1.4).
void Connection::abandon_content(TransferResult result) {
  end_transfer(std::move(result));
  close();
}

void Connection::end_transfer(TransferResult result) {
  content_.reset();
  result.tls = protection();
  result.records = record();
  owner_.on_result(*this, std::move(transfer_), std::move(result));
}

void Connection::note(std::string_view what) {
  if (dialogue_) dialogue_->on_event(what, loop_.now());
}

std::vector<TransferRecord> Connection::record() const {
  if (!dialogue_) return {};
  return {{dialogue_->text(), connecting_took_, handshake_took_, dialogue_->took()}};
}

// "TLSv1.3 TLS_AES_256_GCM_SHA384 verified", "clear (STARTTLS is not offered)"
std::string Connection::protection() const {
  if (agreed_)
    return fmt::format("{} {} {}", agreed_->version, agreed_->cipher,
                       agreed_->verified ? "verified" : "unverified");
  if (!why_clear_.empty()) return fmt::format("clear ({})", why_clear_);
  if (is_local()) return "clear (Unix socket)";
  if (peer_.level == TlsLevel::none) return "clear (policy)";
  return session_.offers_starttls() ? "clear (STARTTLS is refused)"
                                    : "clear (STARTTLS is not offered)";
}

// Each wait of the dialogue has its time-out; a connection without work is kept for a while.
void Connection::arm_timer() {
  if (timed_wait_ == session_.waits()) return;
  timed_wait_ = session_.waits();
  const auto& limits = settings_.deliverd;
  if (leaving_) return timer_.arm(kQuitTimeout);
  switch (session_.wait()) {
    case Session::Wait::nothing: return timer_.arm(limits.idle_timeout);
    case Session::Wait::greeting: return timer_.arm(limits.greeting_timeout);
    case Session::Wait::reply: return timer_.arm(limits.command_timeout);
    case Session::Wait::handshake: return timer_.disarm();  // the stream has its own
    case Session::Wait::content: return timer_.arm(limits.data_block_timeout);
    case Session::Wait::end_of_data: return timer_.arm(limits.data_end_timeout);
  }
}

// A last QUIT still goes out: the stream flushes when on_bytes() returns, and the owner destroys
// nothing before.
void Connection::close() {
  if (std::exchange(closed_, true)) return;
  leaving_ = true;
  timer_.disarm();
  owner_.on_closed(*this, unusable_);
}

}  // namespace postrider::deliverd
