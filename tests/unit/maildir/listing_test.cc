#include "common/maildir/listing.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace maildir_listing_test {

using namespace postrider::maildir;

TEST_CASE("maildir listing: messages stand in order of time, then name", "[maildir]") {
  Listing listing;
  listing.add(Folder::in_cur, "10.b.h,S=1,W=2:2,S", 10, 2);
  listing.add(Folder::in_new, "9.z.h,S=1,W=3", 9, 3);
  listing.add(Folder::in_new, "10.a.h,S=1,W=4", 10, 4);
  listing.finish();
  REQUIRE(listing.size() == 3);
  CHECK(listing.file_name(0) == "9.z.h,S=1,W=3");
  CHECK(listing.file_name(1) == "10.a.h,S=1,W=4");
  CHECK(listing.octets(1) == 4);
  CHECK(listing.folder(1) == Folder::in_new);
  CHECK(listing.unique_id(2) == "10.b.h");
  CHECK(listing.folder(2) == Folder::in_cur);
}

TEST_CASE("maildir listing: of two files with one base, one is served", "[maildir]") {
  Listing listing;
  listing.add(Folder::in_cur, "10.b.h,S=1,W=2:2,S", 10, 2);
  listing.add(Folder::in_new, "10.b.h,S=1,W=2", 10, 2);
  listing.add(Folder::in_new, "10.c.h,S=1,W=2", 10, 2);
  listing.finish();
  REQUIRE(listing.size() == 2);
  CHECK(listing.unique_id(0) == "10.b.h");
  CHECK(listing.unique_id(1) == "10.c.h");
}

TEST_CASE("maildir listing: a file that was seen twice is no twin of itself", "[maildir]") {
  Listing listing;
  for (int i = 0; i < 3; ++i) listing.add(Folder::in_new, "10.b.h,S=1,W=2", 10, 2);
  for (int i = 0; i < 2; ++i) listing.add(Folder::in_cur, "10.b.h,S=1,W=2:2,S", 10, 2);
  listing.finish();
  REQUIRE(listing.size() == 1);
  CHECK(listing.file_name(0) == "10.b.h,S=1,W=2:2,S");
  CHECK(listing.twins(0).size() == 1);
}

TEST_CASE("maildir listing: of two messages with one U= the later is told as a clash",
          "[maildir]") {
  Listing listing;
  listing.add(Folder::in_new, "2.b.h,U=x", 2, 1);
  listing.add(Folder::in_new, "1.a.h,U=x", 1, 1);
  listing.add(Folder::in_new, "x", 3, 1);
  listing.add(Folder::in_cur, "4.d.h", 4, 1);
  CHECK(listing.finish() == std::vector<std::size_t>{1, 2});
  listing.rename(1, "2.b.h,U=y");
  listing.leave_out({2});
  REQUIRE(listing.size() == 3);
  CHECK(listing.unique_id(0) == "x");
  CHECK(listing.unique_id(1) == "y");
  CHECK(listing.unique_id(2) == "4.d.h");
}

TEST_CASE("maildir listing: a hundred thousand files of one base or one U= take no longer",
          "[maildir][slow]") {
  Listing listing;
  const bool one_base = GENERATE(true, false);
  constexpr std::size_t kFiles = 100'000;
  for (std::size_t i = 0; i < kFiles; ++i)
    listing.add(Folder::in_new,
                one_base ? "1.a.h,S=" + std::to_string(i) : std::to_string(i) + ".a.h,U=x", 1, 1);
  CHECK(listing.finish().size() == (one_base ? 0 : kFiles - 1));
  CHECK(listing.size() == (one_base ? 1 : kFiles));
  CHECK(listing.twins(0).size() == (one_base ? kFiles - 1 : 0));
}

TEST_CASE("maildir listing: an id is given in memory, and the name of the file stays",
          "[maildir]") {
  Listing listing;
  const std::string longest = "2." + std::string(246, 'b') + ",U=one";
  REQUIRE(longest.size() == 254);
  listing.add(Folder::in_new, "1.a.h,U=one", 1, 1);
  listing.add(Folder::in_new, longest, 2, 1);
  REQUIRE(listing.finish() == std::vector<std::size_t>{1});
  listing.give_id(1, "other");
  listing.leave_out({});
  REQUIRE(listing.size() == 2);
  CHECK(listing.unique_id(0) == "one");
  CHECK(listing.unique_id(1) == "other");
  CHECK(listing.file_name(1) == longest);
}

TEST_CASE("maildir listing: the newest above the limit are left out, and counted", "[maildir]") {
  Listing listing(8);
  const int messages = GENERATE(8, 9, 40);
  for (int i = messages; i > 0; --i) listing.add(Folder::in_new, std::to_string(i) + ".a.h", i, 1);
  // The twin of one that stays.
  if (messages == 8) listing.add(Folder::in_cur, "1.a.h:2,S", 1, 1);
  listing.finish();
  REQUIRE(listing.size() == 8);
  CHECK(listing.dropped() == static_cast<std::uint64_t>(messages - 8));
  CHECK(listing.unique_id(0) == "1.a.h");
  CHECK(listing.unique_id(7) == "8.a.h");
}

}  // namespace maildir_listing_test
