// cares_resolver.h - the Resolver that asks DNS servers, through c-ares on the event loop.
//
// A crowd of questions is asked a few at a time: answers for which the socket has no room are lost,
// and asked for again only when their time is over.
//
// Asks DNS alone: neither /etc/hosts nor search domains. "localhost" is the loopback addresses
// without a question (RFC 6761 section 6.3). Truncated answers are asked for again over TCP.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/event/event_loop.h"
#include "common/net/dns_records.h"
#include "common/net/resolver.h"

struct ares_channeldata;

namespace postrider::net {

struct RecordAnswer {
  DnsStatus status = DnsStatus::temporary;
  std::vector<std::string> records;  // as of records_of()
  std::string reason;                // for people, where status is not found
  std::chrono::seconds ttl{0};
};

class CaresResolver final : public Resolver {
 public:
  struct Options {
    std::vector<std::string> servers;         // "127.0.0.1:53", "[::1]:53"; empty: the system's
    std::chrono::milliseconds timeout{5000};  // of the first try; each further one waits longer
    unsigned tries = 3;
  };

  // So many questions without an answer are asked within kWhile; a slow server holds up no others
  // for longer. Twice as many answers find room in what a socket has by default (208 KiB; 768
  // octets for an answer of ordinary size).
  static constexpr unsigned kAtOnce = 100;
  static constexpr std::chrono::milliseconds kWhile{100};

  // `loop` outlives the resolver. Throws std::runtime_error when c-ares cannot start or a server is
  // no address.
  CaresResolver(event::EventLoop& loop, const Options& options);
  // Cancels what is under way.
  ~CaresResolver() override;

  PendingPtr find_mx(const std::string& domain, UniqueFunction<void(MxAnswer)> done) override;
  PendingPtr find_addresses(const std::string& host,
                            UniqueFunction<void(AddressAnswer)> done) override;
  PendingPtr find_names(const IpAddress& address, UniqueFunction<void(NameAnswer)> done) override;
  // What a name publishes, for those who look after a zone. `name` is without a final dot.
  [[nodiscard]] PendingPtr find_records(const std::string& name, RecordType type,
                                        UniqueFunction<void(RecordAnswer)> done);

 private:
  class Lookup;
  template <typename Answer>
  class AnswerLookup;
  class MxLookup;
  class AddressLookup;
  class NameLookup;
  class RecordLookup;
  struct Question;
  struct Socket;

  static void on_socket_state(void* self, int fd, int readable, int writable) noexcept;
  static void on_answer(void* question, int status, int timeouts, unsigned char* octets,
                        int length) noexcept;

  PendingPtr start(const std::shared_ptr<Lookup>& lookup, const std::string& name,
                   const std::vector<int>& types);
  void ask();
  void watch(int fd, bool readable, bool writable);
  void process(int readable_fd, int writable_fd);
  void arm_timer();

  event::EventLoop& loop_;
  event::Timer timer_;
  event::Timer asking_;  // until more is asked in any case
  std::deque<std::unique_ptr<Question>> to_ask_;
  std::uint64_t while_ = 0;  // the present one
  unsigned unanswered_ = 0;  // of those asked in it
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  ares_channeldata* channel_ = nullptr;
};

}  // namespace postrider::net
