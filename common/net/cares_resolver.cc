#include "common/net/cares_resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/ascii.h"
#include "common/base/handle.h"
#include "common/net/dns_message.h"

namespace postrider::net {

namespace {

// Larger answers come over TCP (dnsflagday.net/2020: no fragments).
constexpr int kMaxDatagram = 1232;

constexpr int kReferral = -1;  // beside those of c-ares

void check(int status, std::string_view what) {
  if (status != ARES_SUCCESS)
    throw std::runtime_error(fmt::format("{}: {}", what, ares_strerror(status)));
}

DnsStatus dns_status(int ares_status) noexcept {
  switch (ares_status) {
    case ARES_SUCCESS: return DnsStatus::found;
    case ARES_ENODATA: return DnsStatus::no_data;
    case ARES_ENOTFOUND: return DnsStatus::no_domain;
    case ARES_EBADNAME: return DnsStatus::no_domain;  // no such name can exist
    default: return DnsStatus::temporary;
  }
}

std::string_view reason_of(int ares_status) noexcept {
  switch (ares_status) {
    case ARES_ENODATA: return "there is no such record";
    case ARES_ENOTFOUND: return "the name does not exist";
    case ARES_EBADNAME: return "this is not a possible domain name";
    case ARES_ETIMEOUT: return "no DNS server answered in time";
    case kReferral: return "the DNS server has no answer but refers to others (it is lame here)";
    // c-ares goes to the next server after each of these, and says this after the last.
    case ARES_ECONNREFUSED: return "no DNS server had an answer (unreachable, SERVFAIL or REFUSED)";
    case ARES_EBADRESP: return "the DNS server's answer is malformed";
    default: return ares_strerror(ares_status);
  }
}

// What a parser of c-ares says of an answer: it holds records, it holds none, or it is malformed.
// An answer that is a CNAME alone is parsed with success, and has no record of the type.
int parsed_status(int ares_status, bool has_records) noexcept {
  if (ares_status == ARES_SUCCESS && !has_records) return ARES_ENODATA;
  return ares_status == ARES_SUCCESS || ares_status == ARES_ENODATA ? ares_status : ARES_EBADRESP;
}

}  // namespace

// One operation. Its owners are the Question objects that c-ares holds and the Pending.
class CaresResolver::Lookup {
 public:
  explicit Lookup(std::string name) : name_(std::move(name)) {}
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  virtual ~Lookup() = default;

  void add(int type, int status, std::span<const unsigned char> octets) {
    const DnsMessage message = read_dns_message(octets);
    if (status == ARES_ENODATA && message.referral) status = kReferral;
    ttl_ = std::min(ttl_.value_or(message.ttl), message.ttl);
    add_answer(type, status, octets.data(), static_cast<int>(octets.size()));
  }
  virtual void finish() = 0;

  std::size_t unanswered = 0;
  bool cancelled = false;

 protected:
  virtual void add_answer(int type, int status, const unsigned char* octets, int length) = 0;
  // Of all answers so far.
  std::chrono::seconds ttl() const { return ttl_.value_or(std::chrono::seconds{0}); }
  // Why there is no answer: "example.org MX: the name does not exist".
  std::string why(int type, int status) const {
    return fmt::format("{} {}: {}", name_, name_of_type(type), reason_of(status));
  }

 private:
  const std::string name_;
  std::optional<std::chrono::seconds> ttl_;
};

// Whose answer is given to `done`.
template <typename Answer>
class CaresResolver::AnswerLookup : public Lookup {
 public:
  AnswerLookup(const std::string& name, UniqueFunction<void(Answer)> done)
      : Lookup(name), done_(std::move(done)) {}

  void finish() override {
    answer_.ttl = ttl();
    done_(std::move(answer_));
  }

 protected:
  // How it ended, for what was asked last.
  void settle(int type, int status) {
    answer_.status = dns_status(status);
    answer_.reason = status == ARES_SUCCESS ? "" : why(type, status);
  }

  Answer answer_;

 private:
  UniqueFunction<void(Answer)> done_;
};

class CaresResolver::MxLookup final : public AnswerLookup<MxAnswer> {
 public:
  using AnswerLookup::AnswerLookup;

  void add_answer(int type, int status, const unsigned char* octets, int length) override {
    if (status == ARES_SUCCESS) {
      ares_mx_reply* first = nullptr;
      status = ares_parse_mx_reply(octets, length, &first);
      status = parsed_status(status, first != nullptr);
      const Handle<ares_mx_reply, &ares_free_data> list(first);
      for (const auto* mx = first; mx != nullptr && answer_.records.size() < kMaxMx; mx = mx->next)
        answer_.records.push_back({mx->priority, host_name(mx->host)});
      std::stable_sort(
          answer_.records.begin(), answer_.records.end(),
          [](const MxRecord& a, const MxRecord& b) { return a.preference < b.preference; });
    }
    settle(type, status);
  }
};

class CaresResolver::AddressLookup final : public AnswerLookup<AddressAnswer> {
 public:
  using AnswerLookup::AnswerLookup;

  void add_answer(int type, int status, const unsigned char* octets, int length) override {
    if (status == ARES_SUCCESS)
      status = type == ns_t_a ? parse_v4(octets, length) : parse_v6(octets, length);
    if (!std::exchange(first_, false) && rank(dns_status(status)) <= rank(answer_.status)) return;
    settle(type, status);
  }

  // IPv4 first: where both work it is the path that more receivers trust.
  void finish() override {
    answer_.addresses = std::move(v4_);
    answer_.addresses.insert(answer_.addresses.end(), v6_.begin(), v6_.end());
    if (answer_.addresses.size() > kMaxAddresses) answer_.addresses.resize(kMaxAddresses);
    AnswerLookup::finish();
  }

  void answer_loopback() {
    answer_.status = DnsStatus::found;
    v4_ = {*IpAddress::parse("127.0.0.1")};
    v6_ = {*IpAddress::parse("::1")};
  }

 private:
  // Of two answers the one that says more stands: a failure hides whether there is an address.
  static int rank(DnsStatus status) noexcept {
    switch (status) {
      case DnsStatus::no_domain: return 0;
      case DnsStatus::no_data: return 1;
      case DnsStatus::temporary: return 2;
      case DnsStatus::found: return 3;
    }
    return 2;
  }

  int parse_v4(const unsigned char* octets, int length) {
    std::array<ares_addrttl, kMaxAddresses> records{};
    int count = records.size();
    int status = ares_parse_a_reply(octets, length, nullptr, records.data(), &count);
    status = parsed_status(status, count > 0);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
      v4_.push_back(address_of(records[static_cast<std::size_t>(i)].ipaddr));
    return status;
  }
  int parse_v6(const unsigned char* octets, int length) {
    std::array<ares_addr6ttl, kMaxAddresses> records{};
    int count = records.size();
    int status = ares_parse_aaaa_reply(octets, length, nullptr, records.data(), &count);
    status = parsed_status(status, count > 0);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
      v6_.push_back(address_of(records[static_cast<std::size_t>(i)].ip6addr));
    return status;
  }
  template <typename Octets>
  static IpAddress address_of(const Octets& octets) {
    return IpAddress(std::string_view(reinterpret_cast<const char*>(&octets), sizeof octets));
  }

  std::vector<IpAddress> v4_, v6_;
  bool first_ = true;
};

class CaresResolver::RecordLookup final : public AnswerLookup<RecordAnswer> {
 public:
  using AnswerLookup::AnswerLookup;

  void add_answer(int type, int status, const unsigned char* octets, int length) override {
    if (status == ARES_SUCCESS) {
      answer_.records =
          records_of({octets, static_cast<std::size_t>(length)}, static_cast<RecordType>(type));
      status = parsed_status(status, !answer_.records.empty());
    }
    settle(type, status);
  }
};

class CaresResolver::NameLookup final : public AnswerLookup<NameAnswer> {
 public:
  using AnswerLookup::AnswerLookup;

  void add_answer(int type, int status, const unsigned char* octets, int length) override {
    if (status == ARES_SUCCESS) {
      hostent* found = nullptr;
      // The address and its family would only be copied into the answer.
      status = ares_parse_ptr_reply(octets, length, nullptr, 0, AF_INET, &found);
      const Handle<hostent, &ares_free_hostent> owned(found);
      for (char** name = found == nullptr ? nullptr : found->h_aliases;
           name != nullptr && *name != nullptr && answer_.names.size() < kMaxNames; ++name)
        answer_.names.push_back(host_name(*name));
      status = parsed_status(status, !answer_.names.empty());
    }
    settle(type, status);
  }
};

// What c-ares keeps until it answers.
struct CaresResolver::Question {
  CaresResolver& resolver;
  std::shared_ptr<Lookup> lookup;
  std::string name;
  int type;
  std::uint64_t asked_while = 0;
};

struct CaresResolver::Socket final : event::Deferred {
  Socket(CaresResolver& resolver, int fd)
      : reading(resolver.loop_, fd, event::Watch::For::reading,
                [&resolver, fd] { resolver.process(fd, ARES_SOCKET_BAD); }),
        writing(resolver.loop_, fd, event::Watch::For::writing,
                [&resolver, fd] { resolver.process(ARES_SOCKET_BAD, fd); }) {}
  event::Watch reading, writing;
};

CaresResolver::CaresResolver(event::EventLoop& loop, const Options& options)
    : loop_(loop),
      timer_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
      asking_(loop, [this] {
        ++while_;
        unanswered_ = 0;
        ask();
      }) {
  check(ares_library_init(ARES_LIB_INIT_ALL), "c-ares");
  ares_options setup{};
  setup.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
  setup.ednspsz = kMaxDatagram;
  setup.timeout = static_cast<int>(options.timeout.count());
  setup.tries = static_cast<int>(options.tries);
  setup.sock_state_cb = &CaresResolver::on_socket_state;
  setup.sock_state_cb_data = this;
  check(ares_init_options(&channel_, &setup,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                              ARES_OPT_SOCK_STATE_CB),
        "c-ares");
  if (options.servers.empty()) return;
  const std::string servers = fmt::format("{}", fmt::join(options.servers, ","));
  if (const int status = ares_set_servers_ports_csv(channel_, servers.c_str());
      status != ARES_SUCCESS) {
    ares_destroy(channel_);
    check(status, servers);
  }
}

CaresResolver::~CaresResolver() {
  ares_destroy(channel_);
  ares_library_cleanup();
}

PendingPtr CaresResolver::find_mx(const std::string& domain, UniqueFunction<void(MxAnswer)> done) {
  return start(std::make_shared<MxLookup>(domain, std::move(done)), domain, {ns_t_mx});
}

PendingPtr CaresResolver::find_addresses(const std::string& host,
                                         UniqueFunction<void(AddressAnswer)> done) {
  const auto lookup = std::make_shared<AddressLookup>(host, std::move(done));
  if (equals_ignoring_case(host, "localhost")) {
    lookup->answer_loopback();
    return start(lookup, host, {});
  }
  return start(lookup, host, {ns_t_a, ns_t_aaaa});
}

PendingPtr CaresResolver::find_names(const IpAddress& address,
                                     UniqueFunction<void(NameAnswer)> done) {
  const std::string name = address.arpa_name();
  return start(std::make_shared<NameLookup>(name, std::move(done)), name, {ns_t_ptr});
}

PendingPtr CaresResolver::find_records(const std::string& name, RecordType type,
                                       UniqueFunction<void(RecordAnswer)> done) {
  return start(std::make_shared<RecordLookup>(name, std::move(done)), name,
               {static_cast<int>(type)});
}

PendingPtr CaresResolver::start(const std::shared_ptr<Lookup>& lookup, const std::string& name,
                                const std::vector<int>& types) {
  struct Cancel final : Pending {
    explicit Cancel(std::shared_ptr<Lookup> l) : lookup(std::move(l)) {}
    ~Cancel() override { lookup->cancelled = true; }
    std::shared_ptr<Lookup> lookup;
  };
  lookup->unanswered = types.size();
  for (const int type : types)
    to_ask_.push_back(std::make_unique<Question>(Question{*this, lookup, name, type}));
  ask();
  if (types.empty()) {
    loop_.defer([lookup] {
      if (!lookup->cancelled) lookup->finish();
    });
  }
  return std::make_unique<Cancel>(lookup);
}

void CaresResolver::ask() {
  while (unanswered_ < kAtOnce && !to_ask_.empty()) {
    std::unique_ptr<Question> question = std::move(to_ask_.front());
    to_ask_.pop_front();
    if (question->lookup->cancelled) continue;
    question->asked_while = while_;
    ++unanswered_;
    // It may be answered, and gone, before ares_query() returns.
    const std::string name = question->name;
    const int type = question->type;
    ares_query(channel_, name.c_str(), ns_c_in, type, &CaresResolver::on_answer,
               question.release());
  }
  if (!to_ask_.empty() && !asking_.armed()) asking_.arm(kWhile);
  arm_timer();
}

// May run inside ares_query() and inside ares_destroy(); what waits for the answer is told later.
void CaresResolver::on_answer(void* question, int status, int /*timeouts*/, unsigned char* octets,
                              int length) noexcept {
  const std::unique_ptr<Question> owned(static_cast<Question*>(question));
  const std::shared_ptr<Lookup>& lookup = owned->lookup;
  CaresResolver& self = owned->resolver;
  if (owned->asked_while == self.while_) --self.unanswered_;
  if (status == ARES_EDESTRUCTION) lookup->cancelled = true;
  if (lookup->cancelled) return;
  lookup->add(owned->type, status,
              {octets, octets == nullptr ? 0 : static_cast<std::size_t>(length)});
  if (--lookup->unanswered > 0) return;
  self.loop_.defer([lookup] {
    if (!lookup->cancelled) lookup->finish();
  });
}

void CaresResolver::on_socket_state(void* self, int fd, int readable, int writable) noexcept {
  static_cast<CaresResolver*>(self)->watch(fd, readable != 0, writable != 0);
}

void CaresResolver::watch(int fd, bool readable, bool writable) {
  std::unique_ptr<Socket>& socket = sockets_[fd];
  if (!socket) socket = std::make_unique<Socket>(*this, fd);
  readable ? socket->reading.enable() : socket->reading.disable();
  writable ? socket->writing.enable() : socket->writing.disable();
  if (readable || writable) return;
  // c-ares is about to close it, perhaps from inside one of the two watches.
  loop_.destroy_later(std::move(socket));
  sockets_.erase(fd);
}

void CaresResolver::process(int readable_fd, int writable_fd) {
  ares_process_fd(channel_, readable_fd, writable_fd);
  ask();
}

void CaresResolver::arm_timer() {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return timer_.disarm();
  timer_.arm(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
}

}  // namespace postrider::net
