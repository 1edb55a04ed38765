#include "queued/reason_words.h"

#include <string>

#include <catch2/catch.hpp>

namespace queued_reason_words_test {

using postrider::queued::reason_words;

TEST_CASE("reason words: what names one message or one moment goes, and all else stays",
          "[queued]") {
  struct Case {
    const char* reply;
    const char* words;
  };
  const auto [reply, words] =
      GENERATE(Case{"", ""},
               Case{"451 4.7.1 Greylisted, come back in 300 seconds",
                    "451 4.7.1 Greylisted, come back in 300 seconds"},
               Case{"450 4.3.2 busy (id 4XyZ12ab9k)", "450 4.3.2 busy (id #)"},
               Case{"452 4.2.2 full: 123456 of 100000", "452 4.2.2 full: # of #"},
               Case{"connect to mx1.example.org[192.0.2.1]:25: connection refused",
                    "connect to mx1.example.org[192.0.2.1]:25: connection refused"},
               Case{"since 2026-11-22 13:10 UTC", "since #-11-22 13:10 UTC"},
               Case{"temporarily", "temporarily"});
  CHECK(reason_words(reply) == words);
}

}  // namespace queued_reason_words_test
