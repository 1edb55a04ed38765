// channel.h - frames of messages.proto over a Unix stream socket, with descriptors beside them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/net/peer_credentials.h"

namespace postrider::ipc {

class Frame;

class Channel {
 public:
  // A longer frame closes the channel: no honest peer sends one.
  static constexpr std::size_t kMaxFrame = 4U << 20U;
  // Descriptors that may wait for the frame they belong to.
  static constexpr std::size_t kMaxDescriptors = 64;

  class Owner {
   public:
    // `descriptor` is empty unless the sender passed one with this frame.
    virtual void on_frame(const Frame& frame, Fd descriptor) = 0;
    // All that was sent is with the kernel, after it was not for a while.
    virtual void on_drained() {}
    // The last call. Never from inside a function of the Channel.
    virtual void on_closed(const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Takes over the connected, non-blocking `fd`.
  Channel(event::EventLoop& loop, Fd fd, Owner& owner);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Queues a frame; all that is queued in one turn of the loop goes out together.
  void send(const Frame& frame);
  // The same, with a duplicate of `descriptor` beside it.
  void send_with(const Frame& frame, int descriptor);

  // Octets that wait to be written.
  std::size_t unsent() const noexcept { return out_.size() - out_done_; }

  const net::PeerCredentials& peer() const noexcept { return peer_; }

  void resume_reading() { readable_.enable(); }

 private:
  struct Passed {
    std::uint64_t position;  // octet of the output that it travels with
    Fd descriptor;
  };

  void queue(const Frame& frame, bool with_descriptor);
  void flush();
  // Writes some of the output, with the descriptor that is due; false when the socket is full.
  bool write_some();
  void read_ready();
  void take_frames();
  void close(const std::string& why);
  void close_later(std::string why);

  event::EventLoop& loop_;
  Fd fd_;
  Owner& owner_;
  const net::PeerCredentials peer_;
  event::Watch readable_;
  event::Watch writable_;
  std::string in_;
  std::deque<Fd> received_;
  std::string out_;
  std::size_t out_done_ = 0;
  std::uint64_t written_ = 0;  // octets since the channel was opened
  std::deque<Passed> passed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: deferred tasks
  bool flush_queued_ = false;
  bool closing_ = false;  // close_later() was called
  bool closed_ = false;
};

}  // namespace postrider::ipc
