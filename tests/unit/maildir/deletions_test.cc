#include "common/maildir/deletions.h"

#include <catch2/catch.hpp>

namespace maildir_deletions_test {

using namespace postrider::maildir;

namespace {

const std::string kOurs = "1800000000.0123456789abcdefghij0123456789abcdef.mx";
const std::string kElsewhere = "1700000000.0123456789abcdefghij0123456789abcdef.old";

std::string batch(const std::vector<std::string>& bases, std::int64_t seconds = 7) {
  std::string lines;
  for (const std::string& base : bases) lines += entry_of(base) + "\n";
  return compose_batch(seconds, bases.size(), lines);
}

}  // namespace

TEST_CASE("maildir deletions: what was written is read, and who is among them", "[maildir]") {
  const std::string journal = batch({"1.a.h", kOurs}) + compose_removed("b1") + batch({"2.b.h"}, 8);
  const Deletions read = parse_deletions(journal, "b1");
  CHECK(read.whole == journal.size());
  REQUIRE(read.batches.size() == 2);
  CHECK(read.batches[0].seconds == 7);
  CHECK(read.batches[0].count == 2);
  CHECK(read.batches[0].removed);
  CHECK_FALSE(read.batches[1].removed);
  CHECK(holds(read, "1.a.h"));
  CHECK(holds(read, "2.b.h"));
  CHECK(holds(read, kElsewhere));
  CHECK_FALSE(holds(read, "1.a"));
}

TEST_CASE("maildir deletions: removed in another run of the kernel is not removed", "[maildir]") {
  const std::string journal = batch({"1.a.h"}) + compose_removed("b1");
  CHECK_FALSE(parse_deletions(journal, "b2").batches[0].removed);
  CHECK_FALSE(parse_deletions(journal, "").batches[0].removed);
  CHECK_FALSE(parse_deletions(batch({"1.a.h"}) + compose_removed(""), "").batches[0].removed);
}

TEST_CASE("maildir deletions: of a journal that is cut anywhere the whole batches remain",
          "[maildir]") {
  const std::string first = batch({"1.a.h", "2.b.h"});
  const std::string all = first + batch({"3.c.h"});
  for (std::size_t length = 0; length < all.size(); ++length) {
    const Deletions read = parse_deletions(std::string_view(all).substr(0, length), "b");
    CHECK(read.whole == (length < first.size() ? 0 : first.size()));
    CHECK(read.batches.size() == (length < first.size() ? 0 : 1));
  }
}

TEST_CASE("maildir deletions: no octet of a batch may be another", "[maildir]") {
  const std::string good = batch({"1.a.h", "2.b.h"});
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK(parse_deletions(bad, "b").batches.empty());
  }
}

TEST_CASE("maildir deletions: a base stands in one line, whatever is in it", "[maildir]") {
  CHECK(entry_of("1.a.h") == "1.a.h");
  CHECK(entry_of("a\n b%\xc3\x7f") == "a%0A%20b%25%C3%7F");
  CHECK(holds(parse_deletions(batch({"x\ny"}), "b"), "x\ny"));
  CHECK_FALSE(holds(parse_deletions(batch({"x\ny"}), "b"), "y"));
}

TEST_CASE("maildir deletions: a damaged batch does not hide those behind it", "[maildir]") {
  const std::string first = batch({"1.a.h"}), second = batch({"2.b.h", "3.c.h"}),
                    third = batch({"4.d.h"});
  for (std::size_t i = 0; i < second.size(); ++i) {
    for (const char octet : {'\0', 'x', '\n'}) {
      std::string bad = second;
      if (bad[i] == octet) continue;
      bad[i] = octet;
      const std::string journal = first + bad + third + compose_removed("b");
      const Deletions read = parse_deletions(journal, "b");
      CHECK(read.whole == journal.size());
      CHECK(read.damaged == second.size());
      REQUIRE(read.batches.size() == 2);
      CHECK(read.batches[1].removed);
      CHECK(holds(read, "4.d.h"));
    }
  }
  CHECK(parse_deletions(first + third, "b").damaged == 0);
}

TEST_CASE("maildir deletions: damage before what says removed is seen", "[maildir]") {
  std::string bad = batch({"1.a.h"});
  bad.back() = 'x';
  CHECK(parse_deletions(bad + "\n" + compose_removed("b"), "b").damaged == bad.size() + 1);
  CHECK(parse_deletions(bad, "b").damaged == 0);  // that was not finished
}

TEST_CASE("maildir deletions: behind what is not whole is looked so often, and no more",
          "[maildir]") {
  std::string many;
  for (int i = 0; i < kMaxSearches + 8; ++i) many += "delete 1 1 9 ";
  CHECK(parse_deletions(many + batch({"1.a.h"}), "b").batches.empty());
}

}  // namespace maildir_deletions_test
