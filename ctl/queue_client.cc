#include "ctl/queue_client.h"

#include <utility>

#include <fmt/format.h>

#include "common/net/connector.h"
#include "ctl/context.h"

namespace postrider::ctl {

Result<std::unique_ptr<QueueClient>> QueueClient::connect(const std::string& run_directory) {
  auto fd = net::connect_unix(run_directory + "/queued.sock");
  if (!fd) return pass_on(std::move(fd.error()));
  return std::unique_ptr<QueueClient>(new QueueClient(std::move(*fd)));  // private constructor
}

QueueClient::QueueClient(Fd fd)
    : timer_(loop_,
             [this] {
               was_silent_ = true;
               finish(fail(ErrorKind::temporary, "queued does not answer"));
             }),
      channel_(loop_, std::move(fd), *this) {
  ipc::Frame hello;
  hello.mutable_hello()->set_role(ipc::ADMIN);
  channel_.send(hello);
}

Result<void> QueueClient::ask(const ipc::AdminRequest& request, OnReply on_reply,
                              std::chrono::seconds patience) {
  patience_ = patience;
  on_reply_ = std::move(on_reply);
  result_.reset();
  ipc::Frame frame;
  *frame.mutable_admin_request() = request;
  channel_.send(frame);
  timer_.arm(patience_);
  loop_.run();
  return std::move(*result_);
}

void QueueClient::on_frame(const ipc::Frame& frame, Fd descriptor) {
  if (!frame.has_admin_reply() || result_) return;
  const ipc::AdminReply& reply = frame.admin_reply();
  if (!reply.error().empty()) return finish(fail(ErrorKind::not_found, reply.error()));
  timer_.arm(patience_);
  on_reply_(reply, std::move(descriptor));
  if (reply.end()) finish({});
}

void QueueClient::on_closed(const std::string& why) {
  if (!result_) finish(fail(ErrorKind::temporary, "queued: " + why));
}

void QueueClient::finish(Result<void> result) {
  timer_.disarm();
  result_ = std::move(result);
  loop_.stop();
}

bool ask_queued(Context& context, const config::Settings& settings,
                const ipc::AdminRequest& request, QueueClient::OnReply on_reply) {
  const auto client = QueueClient::connect(settings.paths.run);
  if (!client) {
    context.refuse(ExitStatus::unreachable,
                   fmt::format("queued is not reachable: {}", client.error().text));
    return false;
  }
  const auto done = (*client)->ask(request, std::move(on_reply));
  if (!done) context.refuse(done.error());
  return done.has_value();
}

bool ask_queued(Context& context, const ipc::AdminRequest& request, QueueClient::OnReply on_reply) {
  const auto settings = context.settings();
  return settings && ask_queued(context, *settings, request, std::move(on_reply));
}

}  // namespace postrider::ctl
