#include "common/directory/answer_cache.h"

#include <catch2/catch.hpp>

#include "common/directory/directory.h"

namespace directory_answer_cache_test {

using namespace postrider::directory;

namespace {

RecipientAnswer mailbox(const std::string& address) {
  return {RecipientAnswer::Kind::mailbox, address, {}};
}

}  // namespace

TEST_CASE("directory answer cache: holds at most two generations; what is asked for stays",
          "[directory]") {
  AnswerCache<RecipientAnswer> cache(10);
  cache.keep("asked@a", mailbox("asked@a"));
  cache.keep("forgotten@a", mailbox("forgotten@a"));
  for (int i = 0; i < 100; ++i) {
    const std::string address = std::to_string(i) + "@a";
    cache.keep(address, mailbox(address));
    REQUIRE(cache.find("asked@a") != nullptr);
    REQUIRE(cache.size() <= 20);
  }
  CHECK(cache.find("asked@a")->mailbox == "asked@a");
  CHECK(cache.find("forgotten@a") == nullptr);
  CHECK(cache.find("99@a")->mailbox == "99@a");
  cache.clear();
  CHECK(cache.size() == 0);
  CHECK(cache.find("asked@a") == nullptr);
}

}  // namespace directory_answer_cache_test
