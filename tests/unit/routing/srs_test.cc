#include "common/routing/srs.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "common/base/ascii.h"

namespace routing_srs_test {

using namespace postrider;
using namespace std::chrono_literals;
using routing::Srs;

namespace {

constexpr WallTime kNow{std::chrono::seconds(1'795'293'498)};
constexpr auto kDay = 24h;

Srs scheme(const std::string& domain, std::initializer_list<const char*> secrets = {"one"}) {
  std::vector<Secret> all;
  for (const char* const secret : secrets) all.emplace_back(std::string(secret));
  return {std::move(all), domain, 21 * kDay};
}

std::string why_not(const Srs& srs, const std::string& address, WallTime now = kNow) {
  const auto reversed = srs.reverse(address, now);
  return reversed ? "it is " + *reversed : reversed.error().text;
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

TEST_CASE("routing srs: a sender is rewritten and found again", "[routing]") {
  const Srs srs = scheme("our.test");
  const auto sender = GENERATE(values<std::string>({
      "ann@x.test",
      "Ann.Lee@X.test",
      "ann+tag=1@x.test",
      "=@x.test",
      "gr\xc3\xbc\xc3\x9f@x.test",
  }));
  const std::string rewritten = srs.rewrite(sender, kNow);
  CHECK(rewritten.starts_with("SRS0="));
  CHECK(rewritten.ends_with("@our.test"));
  CHECK(Srs::is_rewritten(rewritten, "OUR.test"));
  CHECK(srs.reverse(rewritten, kNow).value() == sender);
}

TEST_CASE("routing srs: the form is the one of the draft", "[routing]") {
  CHECK(scheme("our.test").rewrite("ann@x.test", kNow) == "SRS0=CCIP22=JK=x.test=ann@our.test");
}

TEST_CASE("routing srs: case may be lost on the way, and the separator be another", "[routing]") {
  const Srs srs = scheme("our.test");
  const std::string rewritten = srs.rewrite("ann@x.test", kNow);
  CHECK(srs.reverse(to_lower(rewritten), kNow).value() == "ann@x.test");
  CHECK(srs.reverse(upper(rewritten), kNow).value() == "ANN@X.TEST");
  for (const char separator : {'+', '-'}) {
    std::string other = rewritten;
    other[4] = separator;
    CHECK(srs.reverse(other, kNow).value() == "ann@x.test");
  }
}

TEST_CASE("routing srs: a bounce finds its way back through any number of hosts, past all but two",
          "[routing]") {
  const Srs first = scheme("first.test", {"a"});
  const Srs second = scheme("second.test", {"b"});
  const Srs third = scheme("third.test", {"c"});
  const std::string from_first = first.rewrite("ann@x.test", kNow);
  const std::string from_second = second.rewrite(from_first, kNow);
  const std::string from_third = third.rewrite(from_second, kNow);
  CHECK(from_second.starts_with("SRS1="));
  CHECK(from_third.starts_with("SRS1="));
  CHECK(from_second.size() == from_third.size() + 1);  // the names of the hosts
  CHECK(second.reverse(from_second, kNow).value() == from_first);
  CHECK(third.reverse(from_third, kNow).value() == from_first);
  CHECK(first.reverse(from_first, kNow).value() == "ann@x.test");
}

TEST_CASE("routing srs: an address ends with its time", "[routing]") {
  const Srs srs = scheme("our.test");
  const std::string rewritten = srs.rewrite("ann@x.test", kNow);
  CHECK(srs.reverse(rewritten, kNow + 21 * kDay).has_value());
  CHECK(why_not(srs, rewritten, kNow + 22 * kDay) ==
        "the time for bounces to this address is over");
  CHECK(why_not(srs, rewritten, kNow - kDay) == "the time for bounces to this address is over");
  // The days of some three years are told apart, over the end of their count as well.
  for (const int days : {100, 500, 1000, 1002}) {
    const WallTime then = kNow + days * kDay;
    CHECK(srs.reverse(srs.rewrite("ann@x.test", then), then + 20 * kDay).has_value());
    CHECK_FALSE(srs.reverse(rewritten, then).has_value());
  }
}

TEST_CASE("routing srs: whoever has no secret makes no address", "[routing]") {
  const Srs srs = scheme("our.test");
  const std::string rewritten = srs.rewrite("ann@x.test", kNow);
  CHECK(why_not(scheme("our.test", {"other"}), rewritten) == "this address was not made here");
  for (std::size_t i = 5; i < rewritten.find('@'); ++i) {
    std::string forged = rewritten;
    forged[i] = forged[i] == 'q' ? 'r' : 'q';
    CAPTURE(forged);
    CHECK_FALSE(srs.reverse(forged, kNow).has_value());
  }
}

TEST_CASE("routing srs: the first secret signs, each is believed", "[routing]") {
  const std::string before = scheme("our.test", {"old"}).rewrite("ann@x.test", kNow);
  const Srs rotated = scheme("our.test", {"new", "old"});
  CHECK(rotated.reverse(before, kNow).value() == "ann@x.test");
  const std::string after = rotated.rewrite("ann@x.test", kNow);
  CHECK(after != before);
  CHECK_FALSE(scheme("our.test", {"old"}).reverse(after, kNow).has_value());
}

TEST_CASE("routing srs: what cannot be rewritten stays", "[routing]") {
  const Srs srs = scheme("our.test");
  const auto sender = GENERATE(values<std::string>({
      "\"ann lee\"@x.test",
      "ann@[192.0.2.1]",
      "ann@[IPv6:2001:db8::1]",
      "SRS0=AAAAAA=AA=x.test=ann@[192.0.2.1]",
      std::string(43, 'a') + "@x.test",  // with all before it one too many
      "ann@x=y.test",
      "no-domain",
      "@x.test",
      "ann@",
      "SRS1=without-more@x.test",
      "SRS1=AAAAAA=without-host@x.test",
      "SRS1=AAAAAA==without-host@x.test",
      "SRS1=AAAAAA=first.test=without-separator@x.test",
  }));
  CHECK(srs.rewrite(sender, kNow) == sender);
  CHECK(srs.rewrite(std::string(42, 'a') + "@x.test", kNow).starts_with("SRS0="));
}

TEST_CASE("routing srs: what only looks like it is nobody", "[routing]") {
  const Srs srs = scheme("our.test");
  const auto address = GENERATE(values<std::string>({
      "SRS0=@our.test",
      "SRS0==@our.test",
      "SRS0====@our.test",
      "SRS0=AAAAAA=AA=x.test=ann@our.test",
      "SRS0=AAAA@our.test",
      "SRS1=AAAAAA=x.test==AAAAAA=AA=x.test=ann@our.test",
      "SRS1=CCIP22=JK=x.test=ann@our.test",  // the hash is right for SRS0
      "SRS1=@our.test",
      "SRS2=AAAAAA=AA=x.test=ann@our.test",
      "ann@our.test",
      "@our.test",
      "",
  }));
  CHECK_FALSE(srs.reverse(address, kNow).has_value());
}

TEST_CASE("routing srs: what is rewritten is known by its beginning and its domain", "[routing]") {
  CHECK(Srs::is_rewritten("srs0+x@Our.Test", "our.test"));
  CHECK(Srs::is_rewritten("SRS1-x@our.test", "our.test"));
  CHECK_FALSE(Srs::is_rewritten("SRS0=x@their.test", "our.test"));
  CHECK_FALSE(Srs::is_rewritten("SRS0x=y@our.test", "our.test"));
  CHECK_FALSE(Srs::is_rewritten("SRS0@our.test", "our.test"));
  CHECK_FALSE(Srs::is_rewritten("postmaster", "our.test"));
}

}  // namespace routing_srs_test
