#include "common/base/short_memory.h"

#include <memory>
#include <string>

#include <catch2/catch.hpp>

namespace base_short_memory_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("base short memory: what was found out is known for its lifetime", "[base]") {
  ShortMemory<int, std::string> memory(60s, 10);
  CHECK(memory.recall(1, 0s) == nullptr);
  memory.remember(1, "one", 100s);
  REQUIRE(memory.recall(1, 160s - 1us) != nullptr);
  CHECK(*memory.recall(1, 100s) == "one");
  CHECK(memory.recall(2, 100s) == nullptr);
  CHECK(memory.recall(1, 160s) == nullptr);
}

TEST_CASE("base short memory: what is found out again is known for longer", "[base]") {
  ShortMemory<int, std::string> memory(60s, 10);
  memory.remember(1, "one", 100s);
  memory.remember(1, "first", 150s);
  REQUIRE(memory.recall(1, 200s) != nullptr);
  CHECK(*memory.recall(1, 200s) == "first");
  CHECK(memory.size() == 1);
}

TEST_CASE("base short memory: what is forgotten is not known", "[base]") {
  ShortMemory<int, std::string> memory(60s, 10);
  memory.remember(1, "one", 100s);
  memory.forget(1);
  memory.forget(2);
  CHECK(memory.recall(1, 100s) == nullptr);
  CHECK(memory.size() == 0);
}

TEST_CASE("base short memory: what is taken is handed over once, within its lifetime", "[base]") {
  ShortMemory<int, std::unique_ptr<int>> memory(60s, 10);
  memory.remember(1, std::make_unique<int>(7), 100s);
  auto taken = memory.take(1, 159s);
  REQUIRE(taken);
  CHECK(**taken == 7);
  CHECK_FALSE(memory.take(1, 159s));
  memory.remember(1, std::make_unique<int>(7), 100s);
  CHECK_FALSE(memory.take(1, 160s));
  CHECK(memory.size() == 0);
}

TEST_CASE("base short memory: it holds so many, and forgets the oldest first", "[base]") {
  ShortMemory<int, int> memory(60s, 3);
  for (const int key : {1, 2, 3, 1, 4}) memory.remember(key, key, 0s);
  CHECK(memory.size() == 3);
  CHECK(memory.recall(2, 0s) == nullptr);
  for (const int key : {3, 1, 4}) CHECK(memory.recall(key, 0s) != nullptr);
}

}  // namespace base_short_memory_test
