#include "common/message/field_filter.h"

#include <array>

#include <catch2/catch.hpp>

namespace message_field_filter_test {

using postrider::message::FieldFilter;

namespace {

constexpr std::array<std::string_view, 2> kUnwanted{"Bcc", "Resent-Bcc"};

std::string filtered(std::string_view message, std::size_t step = std::string_view::npos) {
  FieldFilter filter(kUnwanted);
  std::string kept;
  for (std::size_t i = 0; i < message.size(); i += std::min(step, message.size()))
    kept += filter.feed(message.substr(i, step));
  return kept += filter.finish();
}

}  // namespace

TEST_CASE("field filter: leaves the fields out, folded or not, in whatever pieces they come",
          "[message]") {
  const auto [message, kept] = GENERATE(table<std::string, std::string>({
      {"Bcc: a@b\r\nTo: c@d\r\n\r\nx\r\n", "To: c@d\r\n\r\nx\r\n"},
      {"To: c@d\r\nbCC: a@b,\r\n\tc@d,\r\n e@f\r\nCc: g@h\r\n\r\n", "To: c@d\r\nCc: g@h\r\n\r\n"},
      {"RESENT-BCC:a\r\nBcc :b\r\nBcc \t :c\r\nA: b\r\n\r\n", "A: b\r\n\r\n"},
      {"Bcc: a\r\n\r\nBcc: in the body\r\n", "\r\nBcc: in the body\r\n"},
      {"Bcc: a\nTo: b\n\nBcc: c\n", "To: b\n\nBcc: c\n"},
      {"To: a\r\n\rBcc: b\r\n\r\r\nBcc: c", "To: a\r\n\r\r\r\nBcc: c"},
      {"bcc\r\n \t: e\r\nBcc\r\n \r\n\t:a\r\nTo: b\r\n\r\n", "To: b\r\n\r\n"},
      {"Bcc: the header has no end\r\n", ""},
      {"To: a\r\nBcc: b\r\n \r\n c\r\n\r\nx\r\n", "To: a\r\n\r\nx\r\n"},
  }));
  for (std::size_t step = 1; step <= message.size(); ++step) {
    CAPTURE(message, step);
    CHECK(filtered(message, step) == kept);
  }
}

TEST_CASE("field filter: keeps all else as it is", "[message]") {
  const std::string message = GENERATE(values<std::string>(
      {"", "\r\n", "\r\nBcc: a\r\n", "B", "Bcc", "Bcc\r\n", "Bcc \r\n", "Bcc\r\nTo: a\r\n\r\n",
       "Bcc\r\n\r\n: x\r\n", "Bcc\r\n x\r\n", "Bccx: a\r\n", "X-Bcc: a\r\n", "Bc: a\r\n",
       " Bcc: a\r\n", "Bcc a: b\r\n", "To: a\r\n Bcc: b\r\n\r\n", "Resent-\r\n",
       "no field\r\nBcd\r\n\r\nx", ": Bcc:\r\n"}));
  for (std::size_t step = 1; step <= message.size(); ++step) {
    CAPTURE(message, step);
    CHECK(filtered(message, step) == message);
  }
}

TEST_CASE("field filter: white space without end is no way around it", "[message]") {
  const std::string space(FieldFilter::kMaxSpace + 10, ' ');
  CHECK(filtered("Bcc" + space + ": a\r\nTo: b\r\n\r\n") == "To: b\r\n\r\n");
}

}  // namespace message_field_filter_test
