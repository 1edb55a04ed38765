// dialogue.h - what a client and a server said to each other on one connection, as an operator
// reads it: a line for each command and each line of a reply, with the milliseconds since the
// beginning. No I/O.
//
//   0 < 220 mx.example.org ESMTP
//   12 > EHLO mail.example.net
//   31 * TLSv1.3 TLS_AES_256_GCM_SHA384
//   40 > AUTH PLAIN *
//
// No content, and nothing of a login but its mechanism: from AUTH to the reply that ends it, what
// is said is shown as *. Of a long dialogue the first kMaxOctets are kept, and the last reply.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::smtp {

class Dialogue {
 public:
  static constexpr std::size_t kMaxOctets = 2048;
  static constexpr std::size_t kMaxLine = 160;

  // Forgets what was said, and counts from `now`.
  void begin(std::chrono::microseconds now);

  // Whole commands, each with its CRLF.
  void on_sent(std::string_view commands, std::chrono::microseconds now);
  // As it comes, in any portions.
  void on_received(std::string_view octets, std::chrono::microseconds now);
  // Something else happened: `what`, in words.
  void on_event(std::string_view what, std::chrono::microseconds now);

  // The lines, separated by line breaks, and how long they took.
  std::string text() const;
  std::chrono::microseconds took() const noexcept { return last_ - began_; }

 private:
  void add(char direction, std::string_view line, std::chrono::microseconds now);
  void end_reply_line(std::chrono::microseconds now);

  std::chrono::microseconds began_{0};
  std::chrono::microseconds last_{0};
  std::string text_;
  std::string reply_;           // the line under way, as far as it is kept
  std::string last_line_;       // where lines were left out
  std::uint64_t left_out_ = 0;  // lines
  bool secret_ = false;         // a login is under way
};

}  // namespace postrider::smtp
