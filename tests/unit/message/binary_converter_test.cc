#include "common/message/binary_converter.h"

#include <catch2/catch.hpp>

#include "common/base/base64.h"

namespace message_binary_converter_test {

using namespace postrider;
using message::BinaryConverter;
using namespace std::string_literals;

namespace {

std::string converted(std::string_view message, std::size_t step = std::string_view::npos) {
  BinaryConverter converter;
  std::string lines;
  for (std::size_t i = 0; i < message.size(); i += std::min(step, message.size()))
    lines += converter.feed(message.substr(i, step));
  lines += converter.finish();
  CHECK(converter.finished());
  CHECK(converter.defect() == BinaryConverter::Defect::none);
  return lines;
}

// A part of that type, with its encoding told.
std::string part(const std::string& type, const std::string& encoding, const std::string& body) {
  return "Content-Type: " + type + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + body;
}

const std::string kMixed = "multipart/mixed; boundary=\"b b\"";

}  // namespace

TEST_CASE("binary converter: binary parts become base64, however the message is cut", "[message]") {
  const std::string octets = "\0\r\n--b\r\r\n--b b-\r\n--b bx\r\n\n\xff"s;
  struct Case {
    std::string message, lines;
  };
  const auto row = GENERATE_COPY(values<Case>({
      {part("image/x", "binary", octets), part("image/x", "base64", to_base64(octets) + "\r\n")},
      {part("image/x", "BINARY", ""), part("image/x", "base64", "\r\n")},
      {part(kMixed, "binary",
            "preamble\r\n--b b\r\n" + part("a/b", "Binary", octets) + "\r\n--b b \t\r\n" +
                part("text/plain", "8bit", "line\r\n") + "\r\n--b b--\r\nepilogue\r\n"),
       part(kMixed, "8bit",
            "preamble\r\n--b b\r\n" + part("a/b", "base64", to_base64(octets)) +
                "\r\n--b b \t\r\n" + part("text/plain", "8bit", "line\r\n") +
                "\r\n--b b--\r\nepilogue\r\n")},
      // Empty, without a delimiter's end, without a last delimiter.
      {part(kMixed, "8bit", "--b b\r\n" + part("a/b", "binary", "\r\n--b b--")),
       part(kMixed, "8bit", "--b b\r\n" + part("a/b", "base64", "\r\n--b b--"))},
      {part(kMixed, "8bit", "--b b\r\n" + part("a/b", "binary", "--b b\r\n\r\nx")),
       part(kMixed, "8bit", "--b b\r\n" + part("a/b", "base64", "--b b\r\n\r\nx"))},
      {part(kMixed, "8bit", "--b b\r\n" + part("a/b", "binary", "xyz\r\n")),
       part(kMixed, "8bit", "--b b\r\n" + part("a/b", "base64", to_base64("xyz\r\n") + "\r\n"))},
      // A header that a delimiter ends.
      {part(kMixed, "8bit", "--b b\r\nA: b\r\n--b b\r\n" + part("a/b", "binary", "x")),
       part(kMixed, "8bit", "--b b\r\nA: b\r\n--b b\r\n" + part("a/b", "base64", "eA==\r\n"))},
      // A message in a message, and a delimiter that ends both of two multiparts.
      {part(kMixed, "binary",
            "--b b\r\n" +
                part("message/rfc822", "binary",
                     part("multipart/x; boundary=c", "binary",
                          "--c\r\n" + part("a/b", "binary", "x\r\n") + "\r\n--b b--\r\n--c\r\n"))),
       part(kMixed, "8bit",
            "--b b\r\n" + part("message/rfc822", "8bit",
                               part("multipart/x; boundary=c", "8bit",
                                    "--c\r\n" + part("a/b", "base64", to_base64("x\r\n")) +
                                        "\r\n--b b--\r\n--c\r\n")))},
  }));
  for (std::size_t step = 1; step <= row.message.size(); ++step) {
    CAPTURE(step, row.message);
    CHECK(converted(row.message, step) == row.lines);
  }
}

TEST_CASE("binary converter: what is not binary stays as it is", "[message][slow]") {
  const auto message = GENERATE(values<std::string>({
      "",
      "\r\n",
      "x",
      "A: b\r\n",
      "A: b\r\n\r\nbody\r\n.\r\n\r\r\n\n\0"s,
      "Content-Transfer-Encoding: 8bit\r\n\r\nx\ry\r\n--\r\n",
      "Content-Type: multipart/mixed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--\r\n--x\r\n",
      "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--\r\n--x\r\n",
      "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
          std::string(BinaryConverter::kMaxHeader, 'x'),
      "A: Content-Transfer-Encoding: binary\r\n\r\n\0"s,
  }));
  for (std::size_t step = 1; step <= message.size(); ++step) {
    CAPTURE(step, message);
    CHECK(converted(message, step) == message);
    step += step / 50;
  }
}

TEST_CASE("binary converter: the field of the encoding is told anew, folded or twice",
          "[message]") {
  CHECK(converted("A: b\r\nCONTENT-transfer-ENCODING :\r\n binary\r\nC: d\r\n e\r\n"
                  "Content-Transfer-Encoding: 7bit\r\n\r\nx") ==
        "A: b\r\nContent-Transfer-Encoding: base64\r\nC: d\r\n e\r\n\r\neA==\r\n");
}

TEST_CASE("binary converter: base64 has lines of 76 characters", "[message]") {
  const std::string octets(1000, '\xa5');
  const std::string lines =
      converted(part("a/b", "binary", octets), 64).substr(part("a/b", "base64", "").size());
  std::string text;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at <= 76);
    text += lines.substr(at, end - at);
    at = end + 2;
  }
  CHECK(from_base64(text) == octets);
}

TEST_CASE("binary converter: headers, depth and boundaries have limits", "[message]") {
  BinaryConverter long_header;
  const std::string line(1000, 'x');
  for (std::size_t i = 0; i <= BinaryConverter::kMaxHeader; i += line.size())
    long_header.feed(line);
  CHECK(long_header.defect() == BinaryConverter::Defect::long_header);
  BinaryConverter deep;
  for (std::size_t i = 0; i <= BinaryConverter::kMaxDepth; ++i) {
    CHECK(deep.defect() == BinaryConverter::Defect::none);
    deep.feed("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n");
  }
  CHECK(deep.defect() == BinaryConverter::Defect::too_deep);
  BinaryConverter far_apart;
  const std::string boundary(BinaryConverter::kMaxBoundary, 'b');
  far_apart.feed("Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n");
  CHECK(far_apart.defect() == BinaryConverter::Defect::none);
  far_apart.feed("--" + boundary + "\r\nContent-Type: multipart/x; boundary=x" + boundary +
                 "\r\n\r\n");
  CHECK(far_apart.defect() == BinaryConverter::Defect::long_boundary);
}

}  // namespace message_binary_converter_test
