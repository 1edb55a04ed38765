#include "ctl/monitor/http_request.h"

#include <catch2/catch.hpp>

namespace ctl_monitor_http_request_test {

using namespace postrider::ctl;
using Step = HttpRequestReader::Step;
using Method = HttpRequest::Method;

namespace {

HttpRequest read(const std::string& text) {
  HttpRequestReader reader;
  CHECK(reader.take(text) == Step::done);
  return reader.request();
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost:20090\r\n\r\n";
}

}  // namespace

TEST_CASE("http request: method, path, query and host are read", "[monitor]") {
  const HttpRequest request = read(
      "GET /trace?q=ada%40example.org&x=a+b%26c&empty&=y HTTP/1.1\r\n"
      "host: \t LocalHost:20090 \r\nAccept: */*\r\nX-Empty:\r\n\r\n");
  CHECK(request.method == Method::get);
  CHECK(request.path == "/trace");
  CHECK(request.parameter("q") == "ada@example.org");
  CHECK(request.parameter("x") == "a b&c");
  CHECK(request.parameter("empty").empty());
  CHECK(request.parameter("nothing").empty());
  CHECK(request.query.size() == 4);
  CHECK(request.host == "localhost");
}

TEST_CASE("http request: what it may look like", "[monitor]") {
  struct Case {
    std::string text;
    Method method;
    std::string path, host;
  };
  const auto [text, method, path, host] = GENERATE(values<Case>({
      {"HEAD / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", Method::head, "/", "127.0.0.1"},
      {"GET /%6detrics HTTP/1.1\r\nHost: [::1]:9090\r\n\r\n", Method::get, "/metrics", "::1"},
      {"GET http://other.test:80/a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n", Method::get, "/a",
       "other.test"},
      {"GET http://other.test?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n", Method::get, "/",
       "other.test"},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", Method::get, "/", "a"},
      {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", Method::other, "/", "a"},
      {"get / HTTP/1.1\r\nHost: a\r\n\r\n", Method::other, "/", "a"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /more HTTP/1.1\r\n", Method::get, "/", "a"},
  }));
  CAPTURE(text);
  const HttpRequest request = read(text);
  CHECK(request.method == method);
  CHECK(request.path == path);
  CHECK(request.host == host);
}

TEST_CASE("http request: what is wrong is refused with the code that says so", "[monitor]") {
  struct Case {
    std::string text;
    int status;
  };
  const std::string end = " HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto [text, status] = GENERATE_REF(values<Case>({
      {"\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.12\r\nHost: a\r\n\r\n", 505},
      {"GET / FTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G(T /" + end, 400},
      {"GET metrics" + end, 400},
      {"GET *" + end, 400},
      {"GET /%" + end, 400},
      {"GET /%4" + end, 400},
      {"GET /%zz" + end, 400},
      {"GET /%0d%0aX:" + end, 400},
      {"GET /?q=%00" + end, 400},
      {"GET http://" + end, 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 413},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413},
  }));
  CAPTURE(text);
  HttpRequestReader reader;
  CHECK(reader.take(text) == Step::bad);
  CHECK(reader.status() == status);
  CHECK_FALSE(reader.defect().empty());
}

TEST_CASE("http request: every limit has its code", "[monitor]") {
  HttpRequestReader reader;
  SECTION("the head") {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    text.append(HttpRequestReader::kMaxHead, 'x');
    CHECK(reader.take(text) == Step::bad);
    CHECK(reader.status() == 431);
  }
  SECTION("the fields") {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 0; i < HttpRequestReader::kMaxFields; ++i) text += "X: y\r\n";
    CHECK(reader.take(text + "\r\n") == Step::bad);
    CHECK(reader.status() == 431);
  }
  SECTION("the parameters") {
    std::string target = "/?";
    for (std::size_t i = 0; i <= HttpRequestReader::kMaxParameters; ++i) target += "a=b&";
    CHECK(reader.take(get(target)) == Step::bad);
    CHECK(reader.status() == 400);
  }
}

TEST_CASE("http request: it is read alike wherever it is cut", "[monitor]") {
  const std::string text = get("/trace?q=a%20b");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    HttpRequestReader reader;
    CHECK(reader.take(text.substr(0, cut)) == Step::incomplete);
    CHECK(reader.take(text.substr(cut)) == Step::done);
    CHECK(reader.request().parameter("q") == "a b");
  }
  HttpRequestReader reader;
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    REQUIRE(reader.take(text.substr(i, 1)) == Step::incomplete);
  CHECK(reader.take(text.substr(text.size() - 1)) == Step::done);
}

TEST_CASE("http request: a text survives being part of an address", "[monitor]") {
  const std::string text = "a b&c=d+e/\"<>%?\xc3\xbc";
  std::string decoded;
  CHECK(decode_url(encode_url(text), decoded));
  CHECK(decoded == text);
}

}  // namespace ctl_monitor_http_request_test
