#include "common/message/downgrader.h"

#include <catch2/catch.hpp>

#include "common/smtp/international_domain.h"

namespace message_downgrader_test {

using namespace postrider;
using message::Downgrader;

namespace {

struct Downgraded {
  std::string text;
  bool changed = false;
};

Downgraded downgraded(std::string_view text, std::size_t step = std::string_view::npos) {
  Downgrader downgrader(smtp::to_a_labels);
  Downgraded result;
  for (std::size_t i = 0; i < text.size(); i += std::min(step, text.size()))
    downgrader.append(text.substr(i, step), result.text);
  downgrader.finish(result.text);
  result.changed = downgrader.changed();
  return result;
}

}  // namespace

TEST_CASE("downgrader: headers become ASCII and bodies stay, however the message is cut",
          "[message]") {
  struct Case {
    std::string text, ascii;
  };
  const auto row = GENERATE(values<Case>({
      {"", ""},
      {"\n", "\n"},
      {"Subject: ü", "Subject: =?UTF-8?B?w7w=?=\n"},
      {"Subject: ü\n ö\nX: 1\n\nSubject: ü\n",
       "Subject: =?UTF-8?B?w7wgw7Y=?=\nX: 1\n\nSubject: ü\n"},
      {"\nSubject: ü\n", "\nSubject: ü\n"},
      // Parts, and what stands before, between and behind them.
      {"Content-Type: multipart/mixed; boundary=\"b b\"\n\nSubject: ü\n--b b\nSubject: "
       "ü\n\nü\n--b\n--b "
       "bx\n\n--b b \t\nContent-Type: a/b; name=ü\n--b b\n\nSubject: ü\n--b b--\nSubject: ü\n",
       "Content-Type: multipart/mixed; boundary=\"b b\"\n\nSubject: ü\n--b b\nSubject: "
       "=?UTF-8?B?w7w=?=\n\nü\n--b\n--b bx\n\n--b b \t\nContent-Type: a/b; "
       "name*=UTF-8''%C3%BC\n--b "
       "b\n\nSubject: ü\n--b b--\nSubject: ü\n"},
      // Multiparts within each other; the end of the outer one ends the inner.
      {"Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
       "boundary=i\n\n--i\nX: "
       "ü\n\nü\n--o\nX: ü\n\n--i\nX: ü\n--o--\n",
       "Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
       "boundary=i\n\n--i\nX: "
       "=?UTF-8?B?w7w=?=\n\nü\n--o\nX: =?UTF-8?B?w7w=?=\n\n--i\nX: ü\n--o--\n"},
      // A message within, and its new name.
      {"Content-Type: Message/Global\n\nSubject: ü\n\nü\n",
       "Content-Type: message/rfc822\n\nSubject: =?UTF-8?B?w7w=?=\n\nü\n"},
      {"Content-Type: message/global-headers\n\nSubject: ü\n\nü\n",
       "Content-Type: text/rfc822-headers\n\nSubject: ü\n\nü\n"},
  }));
  CAPTURE(row.text);
  const Downgraded whole = downgraded(row.text);
  CHECK(whole.text == row.ascii);
  CHECK(whole.changed == (row.text != row.ascii));
  for (const std::size_t step : {1U, 2U, 3U, 7U})
    CHECK(downgraded(row.text, step).text == row.ascii);
}

TEST_CASE("downgrader: a field, a boundary and a depth beyond their limits pass as they are",
          "[message]") {
  const std::string field = "X: ü" + std::string(Downgrader::kMaxField, 'x') + "\nY: ü\n\n";
  CHECK(downgraded(field).text == field.substr(0, field.size() - 7) + "Y: =?UTF-8?B?w7w=?=\n\n");
  const std::string boundary(Downgrader::kMaxBoundary + 1, 'b');
  const std::string long_boundary =
      "Content-Type: multipart/a; boundary=" + boundary + "\n\n--" + boundary + "\nX: ü\n\n";
  CHECK(downgraded(long_boundary).text == long_boundary);
  std::string deep = "";
  for (std::size_t i = 0; i < Downgrader::kMaxDepth + 10; ++i) {
    const std::string name = "b" + std::to_string(i) + "e";
    deep += "Content-Type: multipart/a; boundary=" + name + "\n\n--" + name + "\n";
  }
  deep += "X: ü\n\n";
  CHECK(downgraded(deep).text == deep);
}

}  // namespace message_downgrader_test
