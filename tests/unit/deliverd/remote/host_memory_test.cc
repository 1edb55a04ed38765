#include "deliverd/remote/host_memory.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace std::chrono_literals;
using deliverd::HostMemory;

namespace {

net::SocketAddress server(std::size_t number) {
  return *net::SocketAddress::parse(
      fmt::format("10.{}.{}.{}:25", number >> 16U, (number >> 8U) & 255U, number & 255U));
}

const smtp::Reply kRefused{0, "4.4.1", "connection refused"};

}  // namespace

TEST_CASE("deliverd host memory: what was wrong with a host is known for a while", "[deliverd]") {
  HostMemory memory;
  CHECK(memory.recall(server(1), 0s) == nullptr);
  memory.on_failed(server(1), kRefused, 100s);
  REQUIRE(memory.recall(server(1), 100s + HostMemory::kBackoff - 1us) != nullptr);
  CHECK(*memory.recall(server(1), 100s) == kRefused);
  CHECK(memory.recall(server(2), 100s) == nullptr);
  CHECK(memory.recall(server(1), 100s + HostMemory::kBackoff) == nullptr);
}

TEST_CASE("deliverd host memory: a host that fails again is known for longer", "[deliverd]") {
  HostMemory memory;
  memory.on_failed(server(1), kRefused, 100s);
  memory.on_failed(server(1), kRefused, 150s);
  CHECK(memory.recall(server(1), 200s) != nullptr);
  CHECK(memory.size() == 1);
}

TEST_CASE("deliverd host memory: a session ends it", "[deliverd]") {
  HostMemory memory;
  memory.on_failed(server(1), kRefused, 100s);
  memory.on_session(server(1));
  CHECK(memory.recall(server(1), 100s) == nullptr);
}

TEST_CASE("deliverd host memory: it holds so many, and forgets the oldest first", "[deliverd]") {
  HostMemory memory;
  for (std::size_t i = 0; i <= HostMemory::kMaxHosts; ++i)
    memory.on_failed(server(i), kRefused, 0s);
  CHECK(memory.size() == HostMemory::kMaxHosts);
  CHECK(memory.recall(server(0), 0s) == nullptr);
  CHECK(memory.recall(server(1), 0s) != nullptr);
}
