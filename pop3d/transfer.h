// transfer.h - reads one message's portions: at once what is in memory, and what is on the disk on
// a worker thread, from then on one portion ahead of the client.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/maildir/mailbox.h"

namespace postrider::pop3d {

class Transfer final : public event::Deferred {
 public:
  using Portion = Result<maildir::MessageReader::Portion>;

  // Nothing is read before the first take(). `files` outlives the Transfer. `on_ready` is called
  // after a take() that had nothing to give, once there is something; never from inside a function
  // of the Transfer.
  Transfer(event::WorkerPool& files, std::shared_ptr<maildir::Mailbox> mailbox, std::size_t message,
           std::optional<std::uint64_t> body_lines, maildir::Form form,
           UniqueFunction<void()> on_ready);

  // The next portion, if it is at hand. After the last, or an error, call no more.
  std::optional<Portion> take();

 private:
  // What the thread works on, and the loop does not touch while `job_` is there.
  struct Source {
    std::shared_ptr<maildir::Mailbox> mailbox;  // second owner: the Connection
    std::size_t message;
    std::optional<std::uint64_t> body_lines;
    maildir::Form form;
    std::optional<maildir::MessageReader> reader;

    Portion next();
    std::optional<Portion> next_cached();
  };

  void read_ahead();

  event::WorkerPool& files_;
  UniqueFunction<void()> on_ready_;
  std::shared_ptr<Source> source_;  // second owner: the job on a thread
  PendingPtr job_;                  // from the first that had to wait for the disk
  std::optional<Portion> ready_;
  bool wanted_ = false;
};

}  // namespace postrider::pop3d
