#include "pop3d/maildrop.h"

#include <catch2/catch.hpp>

namespace pop3d_maildrop_test {

using namespace postrider;
using namespace postrider::pop3d;

TEST_CASE("pop3 maildrop: marked messages do not count until all marks are taken back", "[pop3d]") {
  maildir::Listing listing;
  for (int i = 1; i <= 3; ++i)
    listing.add(maildir::Folder::in_new, std::to_string(i) + ".a.h", i, 100);
  listing.finish();
  Maildrop maildrop(listing, maildir::Form::original);
  CHECK(maildrop.count() == 3);
  CHECK(maildrop.octets() == 300);

  maildrop.mark(1);
  CHECK(maildrop.count() == 2);
  CHECK(maildrop.octets() == 200);
  CHECK_FALSE(maildrop.find("2").has_value());
  CHECK(maildrop.find("3") == 2);
  CHECK(maildrop.next(0) == 0);
  CHECK(maildrop.next(1) == 2);
  CHECK_FALSE(maildrop.next(3).has_value());
  CHECK(maildrop.marked() == std::vector<std::size_t>{1});

  maildrop.unmark_all();
  CHECK(maildrop.find("2") == 1);
  CHECK(maildrop.octets() == 300);
  CHECK_FALSE(maildrop.find("4").has_value());
}

TEST_CASE("pop3 maildrop: numbers are digits alone, in range, and do not wrap", "[pop3d]") {
  CHECK(parse_message_number("1") == 1);
  CHECK(parse_message_number("18446744073709551615") == 18446744073709551615U);
  CHECK(parse_line_count("0") == 0);
  CHECK(parse_line_count("007") == 7);
  const std::string_view bad =
      GENERATE("", "0", "01", "-1", "+1", "1 2", " 1", "1x", "a", "18446744073709551616",
               "18446744073709551617", "99999999999999999999");
  CHECK_FALSE(parse_message_number(bad).has_value());
}

}  // namespace pop3d_maildrop_test
