#include "common/message/content_type.h"

#include <catch2/catch.hpp>

namespace message_content_type_test {

using postrider::message::ContentType;
using postrider::message::parse_content_type;

TEST_CASE("content type: the type, and the boundary with quotes or without", "[message]") {
  const auto [value, type, boundary] = GENERATE(table<const char*, const char*, const char*>({
      {"", "", ""},
      {"text/plain", "text/plain", ""},
      {"Multipart/MIXED; boundary=abc", "multipart/mixed", "abc"},
      {"multipart/mixed; charset=x; BOUNDARY = \"a b\\\"c;d\" ; x=y", "multipart/mixed",
       "a b\"c;d"},
      {"multipart/mixed;boundary=a;boundary=b", "multipart/mixed", "a"},
      {"multipart/mixed; name=\"x; boundary=no\"; boundary=yes", "multipart/mixed", "yes"},
      {"multipart/mixed; boundary=\"open", "multipart/mixed", "open"},
      {"multipart/mixed; boundary", "multipart/mixed", ""},
      {"multipart/mixed;;=;boundary=", "multipart/mixed", ""},
      {"multipart/mixed; boundary=\"\\", "multipart/mixed", "\\"},
  }));
  CAPTURE(value);
  const ContentType content = parse_content_type(value);
  CHECK(content.type == type);
  CHECK(content.boundary == boundary);
}

TEST_CASE("content type: what holds parts, and what a message", "[message]") {
  CHECK(parse_content_type("multipart/signed").is_multipart());
  CHECK_FALSE(parse_content_type("text/multipart").is_multipart());
  CHECK(parse_content_type("message/RFC822").is_message());
  CHECK(parse_content_type("message/global").is_message());
  CHECK_FALSE(parse_content_type("message/partial").is_message());
}

}  // namespace message_content_type_test
