#include "common/maildir/foreign_list.h"

#include <catch2/catch.hpp>

namespace maildir_foreign_list_test {

using namespace postrider;
using namespace postrider::maildir;

namespace {

const UidlFormat kFormat = *UidlFormat::parse(UidlFormat::kDefault);

}  // namespace

TEST_CASE("maildir foreign list: Dovecot's version 3 gives ids by format, and P before it",
          "[maildir]") {
  const auto list = read_dovecot_list(
      "3 V1795392934 N40 G7cf91a10a685036bb763000083ecc375\n"
      "1 W22 :1700000001.M1P1.host,S=20\n"
      "10 PUID7-99 S20 W22 :1700000002.M2P1.host:2,S\n"
      "255 P Gabc :1700000003.M3P1.host,S=5:2,\n"
      "256 :1700000004.M4P1.ho",
      kFormat);
  REQUIRE(list.has_value());
  CHECK(list->ids.size() == 3);
  CHECK(list->ids.at("1700000001.M1P1.host") == "000000016b0385a6");
  CHECK(list->ids.at("1700000002.M2P1.host") == "UID7-99");
  CHECK(list->ids.at("1700000003.M3P1.host") == "1700000003.M3P1.host,S=5");
}

TEST_CASE("maildir foreign list: a GUID is that of the list, else the file's name", "[maildir]") {
  const auto list =
      read_dovecot_list("3 N4\n1 Gabc :1.a.b\n2 :2.a.b\n", *UidlFormat::parse("<%g>"));
  REQUIRE(list.has_value());
  CHECK(list->ids.at("1.a.b") == "<abc>");
  CHECK(list->ids.at("2.a.b") == "<2.a.b>");
}

TEST_CASE("maildir foreign list: Dovecot's version 1 is read", "[maildir]") {
  const auto list = read_dovecot_list("1 16 3\n1 1.a.b\n2 2.a.b:2,S\n", kFormat);
  REQUIRE(list.has_value());
  CHECK(list->ids.at("1.a.b") == "0000000100000010");
  CHECK(list->ids.at("2.a.b") == "0000000200000010");
}

TEST_CASE("maildir foreign list: what Dovecot does not write is refused with its line",
          "[maildir]") {
  struct Case {
    const char* text;
    const char* line;
  };
  for (const Case& one :
       {Case{"", "line 0: "}, Case{"3 V1", "line 0: "}, Case{"2 V1 N2\n1 0 1.a.b\n", "line 1: "},
        Case{"3 N2\n", "line 1: "}, Case{"3 Vx\n", "line 1: "}, Case{"3 V1\n\n", "line 2: "},
        Case{"3 V1\n0 :1.a.b\n", "line 2: "}, Case{"3 V1\n1 :\n", "line 2: "},
        Case{"3 V1\n1 :1.a.b\n4294967296 :2.a.b\n", "line 3: "},
        Case{"3 V1\n-1 :1.a.b\n", "line 2: "}}) {
    CAPTURE(one.text);
    const auto list = read_dovecot_list(one.text, kFormat);
    REQUIRE(!list.has_value());
    CHECK(list.error().kind == ErrorKind::corrupt);
    CHECK(list.error().text.starts_with(one.line));
  }
}

TEST_CASE("maildir foreign list: a line beyond the budget is refused", "[maildir]") {
  const std::string name(ForeignList::kMaxLine, 'a');
  CHECK(!read_dovecot_list("3 V1\n1 :" + name + "\n", kFormat).has_value());
  CHECK(!read_courier_list("/3 1 1\n" + name + " 1 1:1:0\n").has_value());
}

TEST_CASE("maildir foreign list: Courier's versions 2 and 3 give its ids", "[maildir]") {
  for (const char* version : {"2", "3"}) {
    const auto list = read_courier_list(std::string("/") + version +
                                        " 4 1795392499\n"
                                        "1.a.b:2, 17 1:1795392499:0\n"
                                        "2.a.b,S=14:2,S 17 2:1795392499\n"
                                        "3.a b.c 17 3:0:0\n"
                                        "4.a'\x01+.b,S=3:2,S 17 0:0\n"
                                        "5.a.b 17 5:17953");
    REQUIRE(list.has_value());
    CHECK(list->ids.size() == 4);
    CHECK(list->ids.at("1.a.b") == "UID1-1795392499");
    CHECK(list->ids.at("2.a.b") == "UID2-1795392499");
    CHECK(list->ids.at("3.a b.c") == "UID3");
    CHECK(list->ids.at("4.a'\x01+.b") == "4.a+27+01+2B.b,S=3");
  }
}

TEST_CASE("maildir foreign list: what Courier does not write is refused with its line",
          "[maildir]") {
  for (const char* text :
       {"", "1.a.b 17\n", "/1 5\n1.a.b 17 1\n", "/3 1 1\n1.a.b\n", "/3 1 1\n 1 1:1:0\n",
        "/3 1 1\n1.a.b x 1:1:0\n", "/3 1 1\n1.a.b 17 1\n", "/3 1 1\n17 1:1:0\n"}) {
    CAPTURE(text);
    const auto list = read_courier_list(text);
    REQUIRE(!list.has_value());
    CHECK(list.error().text.starts_with("line "));
  }
}

}  // namespace maildir_foreign_list_test
