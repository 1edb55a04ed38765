#include "ctl/selftest/mail_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::ctl {

namespace {

using Curl = Handle<CURL, &curl_easy_cleanup>;
using List = Handle<curl_slist, &curl_slist_free_all>;

// What is fetched is what was sent and its trace fields: more is not read.
constexpr std::size_t kMaxFetched = 1U << 20U;

std::size_t read_message(char* to, std::size_t size, std::size_t count, void* from) noexcept {
  auto& rest = *static_cast<std::string_view*>(from);
  const std::size_t n = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), n);
  rest.remove_prefix(n);
  return n;
}

std::size_t take(char* octets, std::size_t size, std::size_t count, void* into) noexcept {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > kMaxFetched) return 0;
  try {
    text.append(octets, size * count);
  } catch (...) {
    return 0;
  }
  return size * count;
}

}  // namespace

// Requests of one connection, which ends in order (QUIT) when it goes.
class MailClient::Request {
 public:
  Request(const MailClient::Server& server, std::string_view scheme, std::string_view path)
      : curl_(curl_easy_init()) {
    const bool implicit = server.tls == MailClient::Tls::implicit;
    set(CURLOPT_URL,
        fmt::format("{}{}://{}/{}", scheme, implicit ? "s" : "", server.address.str(), path)
            .c_str());
    set(CURLOPT_USE_SSL,
        server.tls == MailClient::Tls::upgraded ? long{CURLUSESSL_ALL} : long{CURLUSESSL_NONE});
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
    set(CURLOPT_TIMEOUT, long{MailClient::kTimeout.count()});
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, &take);
    set(CURLOPT_WRITEDATA, &fetched_);
  }

  void log_in(const std::string& user, const Secret& password) {
    set(CURLOPT_USERNAME, user.c_str());
    set(CURLOPT_PASSWORD, password.c_str());
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_) curl_easy_setopt(curl_.get(), option, value);
  }

  // What was fetched.
  Result<std::string> perform() {
    if (!curl_) return fail(ErrorKind::temporary, "libcurl cannot start");
    const CURLcode code = curl_easy_perform(curl_.get());
    if (code == CURLE_OK) return std::exchange(fetched_, {});
    return fail(ErrorKind::temporary,
                error_.front() != '\0' ? error_.data() : curl_easy_strerror(code));
  }

 private:
  std::string fetched_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Curl curl_;
};

std::string MailClient::Server::str() const {
  return address.str() + (tls == Tls::none       ? ""
                          : tls == Tls::implicit ? " under TLS"
                                                 : " with STARTTLS");
}

Result<void> MailClient::connect(const Server& server, std::string_view protocol) {
  Request request(server, protocol, "");
  request.set(CURLOPT_CONNECT_ONLY, 1L);
  const auto done = request.perform();
  if (!done) return pass_on(done.error());
  return {};
}

Result<void> MailClient::submit(const Server& server, std::string_view message) const {
  const std::string path = fmt::format("<{}>", user_);
  const List recipients(curl_slist_append(nullptr, path.c_str()));
  Request request(server, "smtp", "localhost");
  request.log_in(user_, password_);
  request.set(CURLOPT_MAIL_FROM, path.c_str());
  request.set(CURLOPT_MAIL_RCPT, recipients.get());
  request.set(CURLOPT_UPLOAD, 1L);
  request.set(CURLOPT_READFUNCTION, &read_message);
  request.set(CURLOPT_READDATA, &message);
  const auto done = request.perform();
  if (!done) return pass_on(done.error());
  return {};
}

MailClient::Session::Session(const MailClient& client, const Server& server)
    : request_(std::make_unique<Request>(server, "pop3", "1")) {
  request_->log_in(client.user_, client.password_);
}

MailClient::Session::~Session() = default;

Result<std::string> MailClient::Session::fetch() { return request_->perform(); }

Result<void> MailClient::Session::remove() {
  request_->set(CURLOPT_CUSTOMREQUEST, "DELE");
  request_->set(CURLOPT_NOBODY, 1L);
  const auto done = request_->perform();
  if (!done) return pass_on(done.error());
  return {};
}

}  // namespace postrider::ctl
