#include "common/maildir/uidl_format.h"

#include <catch2/catch.hpp>

namespace maildir_uidl_format_test {

using namespace postrider;
using namespace postrider::maildir;

TEST_CASE("maildir uidl format: variables are written as Dovecot writes them", "[maildir]") {
  const UidlFormat::Values values{
      .uid = 171, .validity = 1795392934, .file = "1700000001.M1P1.host", .guid = "AbC"};
  struct Case {
    const char* format;
    const char* id;
  };
  for (const Case& one : {Case{"%08Xu%08Xv", "000000ab6b0385a6"}, Case{"%v.%u", "1795392934.171"},
                          Case{"%f", "1700000001.M1P1.host"}, Case{"%5Uf-%u", "17000-171"},
                          Case{"%1v-%u", "1-171"}, Case{"%12Lf%04u", "1700000001.m0171"},
                          Case{"%02u", "171"}, Case{"%Lg", "abc"}, Case{"%%%u%%", "%171%"}}) {
    CAPTURE(one.format);
    const auto format = UidlFormat::parse(one.format);
    REQUIRE(format.has_value());
    CHECK(format->expand(values) == one.id);
  }
}

TEST_CASE("maildir uidl format: what is not known here is refused", "[maildir]") {
  for (const char* format : {"", "%", "%0", "%m", "%Xf", "%Mf", "%123u", "%.5u", "%{uid}", "x",
                             "%v", "%{uid | hex(8)}"}) {
    CAPTURE(format);
    const auto parsed = UidlFormat::parse(format);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().kind == ErrorKind::invalid);
  }
  CHECK(!UidlFormat::parse("%u" + std::string(UidlFormat::kMaxSize, 'a')).has_value());
}

}  // namespace maildir_uidl_format_test
