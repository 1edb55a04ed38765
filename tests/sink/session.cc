#include "tests/sink/session.h"

#include <strings.h>

namespace postrider::sink {

namespace {

constexpr std::size_t kLongestLine = 4096;  // twice what a line with extensions needs
constexpr std::string_view kEnd = "\r\n.\r\n";
constexpr std::string_view kOk = "250 2.0.0 ok\r\n";

bool is(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && ::strncasecmp(line.data(), verb.data(), verb.size()) == 0;
}

}  // namespace

Session::Turn Session::on_bytes(std::string_view bytes) {
  Turn turn;
  input_.append(bytes);
  while (!turn.close && !turn.start_tls && (in_content_ ? take_content(turn) : take_command(turn)))
    continue;
  if (turn.start_tls) input_.clear();
  return turn;
}

// False: more is to come first.
bool Session::take_command(Turn& turn) {
  const std::size_t end = input_.find("\r\n");
  if (end == std::string::npos) {
    if (input_.size() <= kLongestLine) return false;
    turn.replies += "500 5.5.2 line too long\r\n";
    turn.close = true;
    return false;
  }
  turn.replies += reply_to(std::string_view(input_).substr(0, end), turn);
  // The end of the line of DATA is that before the content's first line.
  input_.erase(0, in_content_ ? end : end + 2);
  return true;
}

bool Session::take_content(Turn& turn) {
  const std::size_t end = input_.find(kEnd);
  if (end == std::string::npos) {
    if (input_.size() >= kEnd.size()) input_.erase(0, input_.size() - kEnd.size() + 1);
    return false;
  }
  input_.erase(0, end + kEnd.size());
  turn.messages.push_back(recipients_);
  turn.replies += kOk;
  recipients_ = 0;
  in_content_ = false;
  return true;
}

std::string_view Session::reply_to(std::string_view line, Turn& turn) {
  if (is(line, "EHLO"))
    return offers_tls_ ? "250-sink.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
                       : "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
  if (is(line, "RCPT")) ++recipients_;
  if (is(line, "RSET") || is(line, "MAIL")) recipients_ = 0;
  if (is(line, "DATA")) {
    in_content_ = true;
    return "354 go on\r\n";
  }
  if (is(line, "QUIT")) {
    turn.close = true;
    return "221 2.0.0 bye\r\n";
  }
  if (is(line, "STARTTLS")) {
    if (!offers_tls_) return "502 5.5.1 no TLS\r\n";
    turn.start_tls = true;
    return "220 2.0.0 ready\r\n";
  }
  return kOk;
}

}  // namespace postrider::sink
