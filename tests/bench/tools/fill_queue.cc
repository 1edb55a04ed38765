// fill_queue - makes a queue of deferred messages, through the code with which queued keeps them.
//
//   fill_queue SPOOL MESSAGES DOMAINS     1 KiB each, their next attempts spread over the next days
//
// No queued may run on SPOOL meanwhile.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "common/base/random.h"
#include "common/spool/record.h"
#include "queued/store.h"

namespace postrider::queued {

namespace {

using std::chrono_literals::operator""h;

constexpr std::size_t kBatch = 1000;
constexpr const char* kReply = "connect to mx.{}.test[192.0.2.{}]:25: connection timed out";

// The content that every message has: one file, from which the store copies.
SourcePtr make_source(const std::string& spool, const std::string& content) {
  std::string path = spool + "/fill.XXXXXX";
  Fd fd(::mkstemp(path.data()));
  if (!fd || ::write(fd.get(), content.data(), content.size()) < 0) return nullptr;
  ::unlink(path.c_str());
  return std::make_shared<const SourceFile>(SourceFile{std::move(fd)});
}

Promote deferred(MessageIdSource& ids, const SourcePtr& source, const std::string& content,
                 WallTime now, std::uint64_t number, std::uint64_t domains) {
  const std::uint64_t domain = number % domains;
  Promote promote{.source = source};
  promote.data.id = ids.next();
  promote.data.arrival = now;
  promote.data.envelope.set_sender("load@load.test");
  promote.data.envelope.set_client_address("127.0.0.1");
  promote.data.content_length = content.size();
  promote.data.content_checksum = spool::checksum(content);
  promote.data.attempts = 1;
  const std::string address = fmt::format("user{}@d{}.test", number, domain);
  promote.data.recipients.push_back({.address = address,
                                     .original = address,
                                     .next_hop = fmt::format("mx:d{}.test", domain),
                                     .status = "4.4.1",
                                     .reply = fmt::format(kReply, domain, domain % 250)});
  promote.schedule.next_attempt = now + 1h + std::chrono::milliseconds(number * 100);
  promote.schedule.expires = now + 120h;
  return promote;
}

int fill(const std::string& spool, std::uint64_t messages, std::uint64_t domains) {
  const spool::Paths paths{spool};
  const SystemClock clock;
  SystemRandom random;
  for (const std::string& folder : {paths.incoming(), paths.large(), paths.deferred()})
    static_cast<void>(spool::system_disk().make_directory(folder));
  auto store = Store::open(spool::system_disk(), paths);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().text);
    return EXIT_FAILURE;
  }
  const std::string content =
      "From: <load@load.test>\r\nSubject: waiting\r\n\r\n" + std::string(980, 'x') + "\r\n";
  const SourcePtr source = make_source(spool, content);
  if (!source) {
    fmt::print(stderr, "{}: {}\n", spool, std::strerror(errno));
    return EXIT_FAILURE;
  }
  MessageIdSource ids(clock, 0, static_cast<std::uint32_t>(random.next()));
  for (std::uint64_t done = 0; done < messages;) {
    std::vector<Change> batch;
    for (; batch.size() < kBatch && done < messages; ++done)
      batch.emplace_back(deferred(ids, source, content, clock.now(), done, domains));
    if (auto applied = (*store)->apply(batch); !applied) {
      fmt::print(stderr, "{}\n", applied.error().text);
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace

}  // namespace postrider::queued

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: fill_queue SPOOL MESSAGES DOMAINS\n");
    return 2;
  }
  return postrider::queued::fill(argv[1], std::strtoull(argv[2], nullptr, 10),
                                 std::strtoull(argv[3], nullptr, 10));
}
