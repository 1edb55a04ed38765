// stream.h - one connected byte stream, in the clear or under TLS.
//
// A Stream tells its Owner what happens and never destroys itself. It does not know what the bytes
// mean. It reads into a buffer that all streams of the process share, so an idle Stream holds no
// buffer, and writes what gathered in send() with one system call per flush().
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/fd.h"
#include "common/event/event_loop.h"
#include "common/net/tls_session.h"

namespace postrider::net {

enum class CloseReason {
  end_of_input,  // the peer closed its side
  timeout,       // the idle time-out passed
  error,         // reset, or a write that failed
};

class Stream {
 public:
  class Owner {
   public:
    // `bytes` is valid until the function returns; the Stream keeps nothing of it.
    virtual void on_bytes(std::string_view bytes) = 0;
    // All that was sent is with the kernel. Called after a flush() that could not write everything
    // at once, and after every flush() that could when want_drained(true).
    virtual void on_drained() = 0;
    // The handshake that start_tls() asked for is done: what follows is protected.
    virtual void on_secured(const TlsInfo& /*info*/) {}
    // The idle time-out passed. True: last words may be sent now, on_closed(timeout) follows.
    // False: the owner itself is what the peer waits for; the time begins anew.
    virtual bool on_timeout() { return true; }
    // The last call that the Owner gets. Never from inside a function of the Stream.
    virtual void on_closed(CloseReason reason) = 0;

   protected:
    ~Owner() = default;
  };

  // Takes over the non-blocking, connected `fd`. `loop` and `owner` outlive the Stream. Starts
  // reading at once.
  Stream(event::EventLoop& loop, Fd fd, Owner& owner);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Adds bytes to what waits to be written; flush() writes. flush() is implied when on_bytes()
  // returns. After on_closed() both do nothing.
  void send(std::string_view bytes);
  void flush();
  // Octets that wait to be written.
  std::size_t unsent() const noexcept { return out_.size() - out_done_; }
  // Asks for on_drained() (from the loop) even when flush() wrote everything at once.
  void want_drained(bool wanted) noexcept { want_drained_ = wanted; }

  // Goes on under TLS once all that was sent is written, in the clear; what is sent from now on
  // waits for the handshake, and nothing that the peer sent before its own end reaches the owner.
  // on_secured() follows, or within `limit` on_closed(error) with failure(). Call once.
  void start_tls(std::unique_ptr<TlsSession> session, std::chrono::seconds limit);
  // What names this TLS connection, once on_secured() was called; nothing in the clear.
  ChannelBindings channel_bindings() const;
  // Why TLS failed; empty if it did not.
  std::string_view failure() const noexcept { return failure_; }

  // Back-pressure: while paused nothing is read, and the peer sees a full window. A handshake is
  // not paused.
  void pause_reading() noexcept;
  void resume_reading();

  // Whether the peer sent something that was not read yet: for an owner that has paused reading.
  bool input_waits() const noexcept;

  // Ends the output side once all is written (FIN); reading goes on. For an orderly close.
  void shut_down();

  // on_closed(timeout) when nothing was read or written for this long; 0 means never. A stream
  // that is paused does not time out: its owner is busy, not the peer.
  void set_idle_timeout(std::chrono::microseconds timeout);

 private:
  //   clear --start_tls()--> due --all is written--> handshake --both agree--> secured
  enum class Security : std::uint8_t { clear, due, handshake, secured };
  enum class Written : std::uint8_t { some, not_now, never };

  static void on_readable(evutil_socket_t fd, short events, void* self) noexcept;
  static void on_writable(evutil_socket_t fd, short events, void* self) noexcept;
  void read_ready();
  void read_clear();
  void read_secured();
  void read_later();
  void give(std::string_view bytes);
  void write_ready();
  void wait_to_write();
  bool write_some();  // true: all written
  Written write_once();
  Written write_clear();
  bool securing() const noexcept {
    return security_ == Security::due || security_ == Security::handshake;
  }
  void begin_handshake();
  void handshake();
  void secured();
  void fail(std::string_view why);
  void idle_check();
  void close(CloseReason reason);
  void close_later(CloseReason reason);

  event::EventLoop& loop_;
  Fd fd_;
  Owner& owner_;
  Handle<::event, &event_free> read_event_;
  Handle<::event, &event_free> write_event_;
  event::Timer idle_timer_;
  std::string out_;
  std::size_t out_done_ = 0;
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<event::Timer> handshake_timer_;  // there until the handshake is done
  std::string failure_;
  std::chrono::microseconds idle_timeout_{0};
  std::chrono::microseconds last_activity_{0};
  // Shared with the tasks that wait in the loop: false once the Stream is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Security security_ = Security::clear;
  bool reading_ = true;
  bool in_callback_ = false;
  bool write_pending_ = false;
  bool want_drained_ = false;
  bool drained_queued_ = false;
  bool shut_down_ = false;
  bool closed_ = false;
};

}  // namespace postrider::net
