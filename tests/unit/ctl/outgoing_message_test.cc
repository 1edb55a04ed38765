#include "ctl/outgoing_message.h"

#include <catch2/catch.hpp>

namespace ctl_outgoing_message_test {

using namespace postrider;
using namespace postrider::ctl;
using Strings = std::vector<std::string>;

namespace {

OutgoingOptions options() {
  return {.dot_ends = false, .read_recipients = true, .from = "ada@example.org"};
}

constexpr std::string_view kAdded = "From: ada@example.org\r\n\r\n";
constexpr std::string_view kWhole = "From: a@b\n";
constexpr std::string_view kWholeCrlf = "From: a@b\r\n";

}  // namespace

TEST_CASE("outgoing message: lines end with CRLF, whatever they ended with", "[ctl]") {
  CHECK(prepare(std::string(kWhole) + "\nline\r\n\nlast", options()).content ==
        std::string(kWholeCrlf) + "\r\nline\r\n\r\nlast\r\n");
}

TEST_CASE("outgoing message: From is added where it is missing", "[ctl]") {
  CHECK(prepare("Subject: x\n\nbody\n", options()).content ==
        "Subject: x\r\n" + std::string(kAdded) + "body\r\n");
  CHECK(prepare("", options()).content == kAdded);
  CHECK(prepare("just text\nmore: text\n", options()).content ==
        std::string(kAdded) + "just text\r\nmore: text\r\n");
  CHECK(prepare("FROM: a@b\n", options()).content == "FROM: a@b\r\n\r\n");
}

TEST_CASE("outgoing message: recipients are read from the header, those of Bcc too", "[ctl]") {
  const std::string text =
      std::string(kWhole) +
      "To: Anna <anna@a.test>,\n bert@a.test\nBCC: carl@a.test,\n\tdora@a.test\n"
      "cc: emil@a.test\n\nBcc: body@a.test\n";
  const OutgoingMessage message = prepare(text, options());
  CHECK(message.recipients ==
        Strings{"anna@a.test", "bert@a.test", "carl@a.test", "dora@a.test", "emil@a.test"});
  CHECK(message.content == std::string(kWholeCrlf) +
                               "To: Anna <anna@a.test>,\r\n bert@a.test\r\n"
                               "BCC: carl@a.test,\r\n\tdora@a.test\r\n"
                               "cc: emil@a.test\r\n\r\nBcc: body@a.test\r\n");
  auto given = options();
  given.read_recipients = false;
  CHECK(prepare(text, given).recipients.empty());
  CHECK(prepare(text, given).content == message.content);
}

TEST_CASE("outgoing message: no recipient is read of a line that goes to all of them", "[ctl]") {
  struct Case {
    const char* text;
    Strings recipients;
    std::string fields;  // kept in the header
    std::string body;
  };
  const Case cases[] = {
      {"To: a@x\nBcc : b@x\n\n", {"a@x", "b@x"}, "To: a@x\r\nBcc : b@x\r\n", ""},
      {"To: a@x\nBcc\n : b@x\n\n", {"a@x", "b@x"}, "To: a@x\r\nBcc\r\n : b@x\r\n", ""},
      {"From anna Sat Jan  1 10:00:00 2028\nTo: a@x\nBcc: b@x\n\n",
       {"a@x", "b@x"},
       "To: a@x\r\nBcc: b@x\r\n",
       ""},
      {"To: a@x\nHi\nBcc: b@x\n", {"a@x"}, "To: a@x\r\n", "Hi\r\nBcc: b@x\r\n"},
      {"To: a@x\nno field: Bcc\n\nx\n", {"a@x"}, "To: a@x\r\n", "no field: Bcc\r\n\r\nx\r\n"},
      {" To: a@x\nBcc: b@x\n", {}, "", " To: a@x\r\nBcc: b@x\r\n"},
      {"To: a@x\n\n Bcc: b@x\n", {"a@x"}, "To: a@x\r\n", " Bcc: b@x\r\n"},
      {"\n Bcc: b@x\n", {}, "", " Bcc: b@x\r\n"},
      {"To: a@x\n: b@x\n", {"a@x"}, "To: a@x\r\n", ": b@x\r\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const OutgoingMessage message = prepare(c.text, options());
    CHECK(message.recipients == c.recipients);
    CHECK(message.content == c.fields + std::string(kAdded) + c.body);
  }
}

TEST_CASE("outgoing message: a From with white space before its colon is one", "[ctl]") {
  CHECK(prepare("From : a@b\n\nx\n", options()).content == "From : a@b\r\n\r\nx\r\n");
}

TEST_CASE("outgoing message: of a long field each recipient is read", "[ctl]") {
  std::string text = "Bcc: a0@a.test";
  for (int i = 1; i < 1000; ++i) text += ",\n a" + std::to_string(i) + "@a.test";
  const OutgoingMessage message = prepare(text + "\n\n", options());
  REQUIRE(message.recipients.size() == 1000);
  CHECK(message.recipients.back() == "a999@a.test");
}

TEST_CASE("outgoing message: a dot alone ends the message only where it is to", "[ctl]") {
  const std::string text = std::string(kWhole) + "\none\n.\ntwo\n";
  auto given = options();
  CHECK(prepare(text, given).content == std::string(kWholeCrlf) + "\r\none\r\n.\r\ntwo\r\n");
  given.dot_ends = true;
  CHECK(prepare(text, given).content == std::string(kWholeCrlf) + "\r\none\r\n");
}

TEST_CASE("outgoing message: octets above 127 are noticed", "[ctl]") {
  CHECK_FALSE(prepare("Subject: x\n\nplain\n", options()).eight_bit);
  CHECK(prepare("Subject: x\n\nB\xc3\xbc"
                "cher\n",
                options())
            .eight_bit);
}

}  // namespace ctl_outgoing_message_test
