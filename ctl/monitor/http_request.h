// http_request.h - the head of one HTTP request, as little of it as a status page needs: method,
// path, query, host. Octets in, a request or its defect out, no I/O.
//
// RFC 9112, of a server that closes each connection after one answer and takes no content. It is
// our own rather than a library's because it is short, and because a library that would serve it
// (libevent's) does not bound how many connections there are, nor how long one may trickle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::ctl {

struct HttpRequest {
  enum class Method : std::uint8_t { get, head, other };

  Method method = Method::other;
  std::string path;                                        // decoded, without the query: "/metrics"
  std::vector<std::pair<std::string, std::string>> query;  // decoded names and values, in order
  std::string host;  // of the target or the field Host, without the port, in lower case

  // The first of that name; empty where there is none.
  std::string_view parameter(std::string_view name) const;
};

class HttpRequestReader {
 public:
  // A browser's head has some hundred octets; with a query, some more.
  static constexpr std::size_t kMaxHead = 8192;
  static constexpr std::size_t kMaxFields = 64;
  static constexpr std::size_t kMaxParameters = 16;

  enum class Step : std::uint8_t { incomplete, done, bad };

  // Takes the next octets; what follows the head is left aside. Not to be called again once it is
  // done or bad.
  Step take(std::string_view octets);

  const HttpRequest& request() const noexcept { return request_; }  // once done
  // Once bad: the status code that tells the client so, and why.
  int status() const noexcept { return status_; }
  std::string_view defect() const noexcept { return defect_; }

 private:
  Step look();
  bool read_request_line(std::string_view line);
  bool read_target(std::string_view target);
  bool read_query(std::string_view query);
  bool read_field(std::string_view line);
  bool read_host(std::string_view authority);
  bool wrong(int status, std::string_view why);

  std::string held_;
  HttpRequest request_;
  bool has_host_ = false;         // a field said so
  bool target_has_host_ = false;  // which goes before it
  int status_ = 0;
  std::string_view defect_;
};

// "%41+b" -> "A b"; false: a percent sign without two digits behind it, or a control character.
bool decode_url(std::string_view text, std::string& decoded);
// Whatever is no letter, digit or one of "-._~" as %XX.
std::string encode_url(std::string_view text);

}  // namespace postrider::ctl
