#include "ctl/csv.h"

#include <catch2/catch.hpp>

namespace ctl_csv_test {

using namespace postrider;
using ctl::CsvReader;
using Fields = std::vector<std::string>;

namespace {

// All rows; the last is the error's text, if there is one.
std::vector<Fields> read(std::string_view text) {
  CsvReader reader(text);
  std::vector<Fields> rows;
  while (true) {
    const auto row = reader.next();
    if (!row) rows.push_back({row.error().text});
    if (!row || !*row) return rows;
    rows.push_back((*row)->fields);
  }
}

}  // namespace

TEST_CASE("csv: fields end at a comma, and rows at the end of a line", "[ctl][csv]") {
  CHECK(read("").empty());
  CHECK(read("a,b\r\nc,\r\n") == std::vector<Fields>{{"a", "b"}, {"c", ""}});
  CHECK(read("a,b\nc") == std::vector<Fields>{{"a", "b"}, {"c"}});
  CHECK(read("\xEF\xBB\xBF"
             "a") == std::vector<Fields>{{"a"}});
  CHECK(read("\n,\n") == std::vector<Fields>{{""}, {"", ""}});
  CHECK(read("a\rb,c\n") == std::vector<Fields>{{"a\rb", "c"}});
}

TEST_CASE("csv: a quoted field holds anything, and quotes in it are doubled", "[ctl][csv]") {
  CHECK(read("\"a,b\",\"say \"\"hi\"\"\"\r\n\"\",x") ==
        std::vector<Fields>{{"a,b", "say \"hi\""}, {"", "x"}});
  CsvReader reader("\"one\r\ntwo\",x\r\nlast");
  REQUIRE((*reader.next())->fields == Fields{"one\r\ntwo", "x"});
  CHECK((*reader.next())->line == 3);
}

TEST_CASE("csv: what is no table is told by its line", "[ctl][csv]") {
  CHECK(read("a\nb,\"c").back().front() == "line 2: the quote that begins here is not ended");
  CHECK(read("a\nb\"c\n").back().front().find("line 2: a quote within a field") == 0);
  CHECK(read("\"a\"b\n").back().front().find("line 1: between the quote") == 0);
  CHECK(read(std::string(CsvReader::kMaxFields, ',')).back().front().find("more than 64") !=
        std::string::npos);
  CHECK(read(std::string(CsvReader::kMaxField + 1, 'a')).back().front().find("octets") !=
        std::string::npos);
}

TEST_CASE("csv: what is written is read back", "[ctl][csv]") {
  const Fields fields{"plain", "", "a,b", "\"", "line\r\nline", "ä"};
  CHECK(read(ctl::csv_row(fields) + ctl::csv_row({"x"})) == std::vector<Fields>{fields, {"x"}});
}

}  // namespace ctl_csv_test
