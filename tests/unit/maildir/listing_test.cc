#include "common/maildir/listing.h"

#include <catch2/catch.hpp>

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
