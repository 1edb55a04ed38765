#include "queued/server.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/ipc/messages.pb.h"

namespace postrider::queued {

class Server::Connection final : public event::Deferred, private ipc::Channel::Owner {
 public:
  Connection(Server& server, Fd fd)
      : server_(server), channel_(server.parts_.loop, std::move(fd), *this) {}

  ~Connection() override { drop_links(); }

  bool is_trusted() const { return server_.roles_.may_connect(channel_.peer().uid); }
  const net::PeerCredentials& peer() const { return channel_.peer(); }

  void describe(ipc::Connected& connected) const {
    connected.set_role(role_);
    connected.set_worker(worker_);
    connected.set_pid(channel_.peer().pid);
    connected.set_jobs(deliverd_ ? deliverd_->jobs() : 0);
  }

 private:
  void on_frame(const ipc::Frame& frame, Fd /*descriptor*/) override {
    if (role_ == ipc::UNKNOWN_ROLE && frame.has_hello()) return on_hello(frame.hello());
    if (role_ == ipc::SMTPD && frame.has_segment_durable())
      return on_progress(frame.segment_durable());
    if (deliverd_ && frame.has_job_result()) {
      deliverd_->on_result(frame.job_result());
      server_.parts_.dispatcher.pump_later();
      return leave_if_done();
    }
    if (deliverd_ && frame.has_leaving()) {
      server_.parts_.dispatcher.remove(*deliverd_);
      leaving_ = true;
      return leave_if_done();
    }
    if (admin_ && frame.has_admin_request()) return admin_->on_request(frame.admin_request());
    end("it said what its role may not say");
  }

  void on_hello(const ipc::Hello& hello) {
    const Parts& parts = server_.parts_;
    role_ = hello.role();
    worker_ = hello.worker();
    if (!server_.roles_.may_be(channel_.peer().uid, role_))
      return end("its user may not have that role");
    if (role_ == ipc::DELIVERD_LOCAL || role_ == ipc::DELIVERD_REMOTE) {
      deliverd_.emplace(parts.queue, channel_,
                        role_ == ipc::DELIVERD_LOCAL ? WorkKind::local : WorkKind::remote,
                        hello.credit());
      parts.dispatcher.add(*deliverd_);
    } else if (role_ == ipc::ADMIN) {
      admin_.emplace(AdminLink::Parts{
          parts.queue,
          parts.store,
          server_.verbs_,
          channel_,
          {.uid = channel_.peer().uid, .user = net::user_name(channel_.peer().uid)},
          server_.roles_.may_change(channel_.peer().uid),
          [this](ipc::QueueStatus& status) { server_.describe(status); },
          parts.clock});
    }
  }

  void on_progress(const ipc::SegmentDurable& durable) {
    server_.parts_.intake.on_progress(
        {.segment = durable.segment(), .durable = durable.durable(), .sealed = durable.sealed()});
    server_.parts_.queue.wake_later();
  }

  void on_drained() override {
    if (admin_) admin_->on_drained();
  }

  void leave_if_done() {
    if (leaving_ && deliverd_->jobs() == 0) on_closed("it has done all its jobs");
  }

  void on_closed(const std::string& why) override {
    if (role_ != ipc::ADMIN)
      server_.parts_.log.info("peer_left")
          .with("role", ipc::Role_Name(role_))
          .with("worker", worker_)
          .with("reason", why);
    leave();
  }

  void end(const std::string& why) {
    server_.parts_.log.warning("peer_shown_out")
        .with("role", ipc::Role_Name(role_))
        .with("pid", channel_.peer().pid)
        .with("reason", why);
    leave();
  }

  // The jobs of a deliverd go back to the queue.
  void drop_links() {
    if (deliverd_) server_.parts_.dispatcher.remove(*deliverd_);
    deliverd_.reset();
    admin_.reset();
  }

  void leave() {
    if (left_) return;
    left_ = true;
    drop_links();
    // A writer that is gone has said its last word: its segment is finished as it stands.
    if (role_ == ipc::SMTPD) {
      server_.parts_.intake.scan();
      server_.parts_.queue.wake_later();
    }
    server_.remove(*this);
  }

  Server& server_;
  ipc::Channel channel_;
  ipc::Role role_ = ipc::UNKNOWN_ROLE;
  std::uint32_t worker_ = 0;
  bool leaving_ = false;
  bool left_ = false;
  std::optional<DeliverdLink> deliverd_;
  std::optional<AdminLink> admin_;
};

Server::Server(const Parts& parts, int listening)
    : parts_(parts),
      started_(parts.clock.now()),
      verbs_(parts.queue, parts.store, parts.settings, parts.clock, parts.log) {
  listener_.emplace(
      parts.loop, listening,
      [this](Fd fd, const net::SocketAddress& /*peer*/) { accept(std::move(fd)); },
      [this](int error) {
        parts_.log.error("accept_failed").with("reason", fail_errno("accept", error).value().text);
      });
}

Server::~Server() = default;

void Server::accept(Fd fd) {
  if (connections_.size() >= kMaxConnections) {
    parts_.log.warning("too_many_peers").with("limit", kMaxConnections);
    return;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(fd));
  if (!connection->is_trusted()) {
    parts_.log.warning("peer_refused")
        .with("uid", connection->peer().uid)
        .with("pid", connection->peer().pid)
        .with("reason", "it is neither root, nor our user, nor that of a daemon");
    return;
  }
  connections_.push_back(std::move(connection));
}

void Server::remove(Connection& connection) {
  const auto it = std::find_if(connections_.begin(), connections_.end(),
                               [&](const auto& one) { return one.get() == &connection; });
  if (it == connections_.end()) return;
  parts_.loop.destroy_later(std::move(*it));
  connections_.erase(it);
}

void Server::describe(ipc::QueueStatus& status) const {
  status.set_started_us(started_.time_since_epoch().count());
  for (const auto& connection : connections_) connection->describe(*status.add_connected());
}

}  // namespace postrider::queued
