// queue_client.h - one request to queued and its replies.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/ipc/channel.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

class QueueClient final : private ipc::Channel::Owner {
 public:
  // How long queued may be silent, unless the caller says otherwise.
  static constexpr std::chrono::seconds kTimeout{30};

  // `descriptor` is empty unless the reply came with one.
  using OnReply = UniqueFunction<void(const ipc::AdminReply& reply, Fd descriptor)>;

  // Connects to queued's socket in `run_directory`. An error means that queued is not there.
  static Result<std::unique_ptr<QueueClient>> connect(const std::string& run_directory);
  ~QueueClient() = default;

  // Sends the request and waits for the last reply, calling `on_reply` for each. Errors: what
  // queued refused (not_found); that it went away or was silent for `patience` (temporary).
  Result<void> ask(const ipc::AdminRequest& request, OnReply on_reply,
                   std::chrono::seconds patience = kTimeout);
  // Whether it was for that long, in one of them.
  bool was_silent() const noexcept { return was_silent_; }

 private:
  explicit QueueClient(Fd fd);

  void on_frame(const ipc::Frame& frame, Fd descriptor) override;
  void on_closed(const std::string& why) override;
  void finish(Result<void> result);

  event::EventLoop loop_;
  event::Timer timer_;
  std::chrono::seconds patience_ = kTimeout;
  OnReply on_reply_;
  std::optional<Result<void>> result_;
  bool was_silent_ = false;
  ipc::Channel channel_;  // last: it is given *this, and gone first
};

class Context;

// For a command: asks the queued of the configuration. False after it was shown why it is not to be
// had, or what it refused.
bool ask_queued(Context& context, const config::Settings& settings,
                const ipc::AdminRequest& request, QueueClient::OnReply on_reply);

// The same, of the configuration as the command finds it.
bool ask_queued(Context& context, const ipc::AdminRequest& request, QueueClient::OnReply on_reply);

}  // namespace postrider::ctl
