// admin.h - answers the `postrider` command: what is in the queue, and the operator's verbs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/ipc/channel.h"
#include "queued/queue.h"
#include "queued/store_thread.h"
#include "queued/verbs.h"

namespace postrider::queued {

// One connected command; its requests are answered one after another, in order.
class AdminLink {
 public:
  // Replies that wait for a slow reader stop the listing until they are read.
  static constexpr std::size_t kMaxUnsent = 1U << 20U;
  // What operators did last, as far as it is shown.
  static constexpr std::size_t kShownActs = 1'000;

  struct Parts {
    Queue& queue;
    StoreThread& store;
    Verbs& verbs;
    ipc::Channel& channel;
    Operator by;
    bool may_change;  // else it only sees
    // Who is connected, and since when this queued runs.
    std::function<void(ipc::QueueStatus&)> describe_service;
    const Clock& clock;
  };

  explicit AdminLink(Parts parts) : parts_(std::move(parts)) {}
  AdminLink(const AdminLink&) = delete;
  AdminLink& operator=(const AdminLink&) = delete;

  void on_request(const ipc::AdminRequest& request);
  void on_drained();

 private:
  class LongAnswer;

  void answer(const ipc::AdminRequest& request);
  void act(const ipc::AdminRequest& request, const Verb& verb);
  void list(Selection selection);
  void on_portion(Result<Portion> portion);
  Selection::Ids add_portion(LongAnswer& answer, Portion& portion) const;
  void show(const ipc::AdminRequest& request);
  void cat(const ipc::AdminRequest& request);
  void summarize();
  void status();
  void acts();
  void overview();
  Verbs::OnProgress tell();
  void describe_pauses(LongAnswer& answer, const std::vector<Backlog>& behind) const;

  void reply(const ipc::AdminReply& reply);
  void refuse(const std::string& why);

  Parts parts_;
  ipc::AdminRequest request_;
  // While a listing goes on; the other owner: the question that is with the store.
  std::shared_ptr<const Selection> listed_;
  std::optional<std::string> after_;  // its next portion begins behind this; none: that was all
  Selection::Ids shown_;              // what was in memory; it may be put to disk meanwhile
  Selection::Ids unseen_;             // active when read, and not found in memory
  PendingPtr question_;
};

}  // namespace postrider::queued
