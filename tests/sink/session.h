// session.h - the dialogue of a server that takes every message and keeps none; no I/O.
//
// As little of RFC 5321 as a client that keeps to it needs: no order of commands, no address is
// looked at. PIPELINING (RFC 2920) and, where it is offered, STARTTLS (RFC 3207).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::sink {

class Session {
 public:
  // What follows from some octets, in this order.
  struct Turn {
    std::vector<unsigned> messages;  // that are whole now, each with how many recipients it has
    std::string replies;
    bool start_tls = false;  // once the replies are written; what came behind it is dropped
    bool close = false;      // once the replies are written
  };

  explicit Session(bool offers_tls) : offers_tls_(offers_tls) {}

  static std::string_view greeting() { return "220 sink.test ESMTP\r\n"; }
  Turn on_bytes(std::string_view bytes);
  void on_secured() { offers_tls_ = false; }

 private:
  bool take_command(Turn& turn);
  bool take_content(Turn& turn);
  std::string_view reply_to(std::string_view line, Turn& turn);

  bool offers_tls_;
  bool in_content_ = false;
  unsigned recipients_ = 0;
  std::string input_;  // a command, or the end of content, of which the rest is to come
};

}  // namespace postrider::sink
