#include "common/message/downgraded_field.h"

#include <catch2/catch.hpp>

#include "common/base/ascii.h"
#include "common/smtp/international_domain.h"

namespace message_downgraded_field_test {

using namespace postrider;

namespace {

std::string downgraded(std::string_view field) {
  return message::downgraded_field(field, smtp::to_a_labels);
}

}  // namespace

TEST_CASE("downgraded field: each field becomes what RFC 6857 makes of it", "[message]") {
  struct Case {
    std::string field, ascii;
  };
  const auto row = GENERATE(values<Case>({
      // Text: words in ASCII at either end stay readable.
      {"Subject: plain\n", "Subject: plain\n"},
      {"Subject: Grüße\n", "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n"},
      {"Subject: Re: die Grüße an Jörg heute\n",
       "Subject: Re: die =?UTF-8?Q?Gr=C3=BC=C3=9Fe_an_J=C3=B6rg?= heute\n"},
      {"Subject: eins\n zwei\n\tdrüben\n", "Subject: eins zwei =?UTF-8?Q?dr=C3=BCben?=\n"},
      {"Subject: 你好\n", "Subject: =?UTF-8?B?5L2g5aW9?=\n"},
      {"X-Unknown: ä\n", "X-Unknown: =?UTF-8?B?w6Q=?=\n"},
      // What is no UTF-8 stays.
      {"Subject: a\xe4z\n", "Subject: a\xe4z\n"},
      // Addresses.
      {"From: Jörg <j@example.org>\n", "From: =?UTF-8?Q?J=C3=B6rg?= <j@example.org>\n"},
      {"From: \"Jörg, der \\\"Große\\\"\" <j@example.org>\n",
       "From: =?UTF-8?Q?J=C3=B6rg=2C_der_=22Gro=C3=9Fe=22?= <j@example.org>\n"},
      {"To: j@bücher.example\n", "To: j@xn--bcher-kva.example\n"},
      {"To: Ann <ann@example.org>, jörg@example.org, bob@example.org\n",
       "To: Ann <ann@example.org>, =?UTF-8?Q?j=C3=B6rg=40example=2Eorg?= :;,\n bob@example.org\n"},
      {"Cc: Jörg <jörg@example.org>\n",
       "Cc: =?UTF-8?Q?J=C3=B6rg?= =?UTF-8?Q?j=C3=B6rg=40example=2Eorg?= :;\n"},
      {"Cc: a@example.org (Grüße)\n", "Cc: a@example.org (=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=)\n"},
      {"To: Männer: a@example.org, Ö <b@example.org>;\n",
       "To: =?UTF-8?Q?M=C3=A4nner?=: a@example.org, =?UTF-8?B?w5Y=?= <b@example.org>;\n"},
      {"To: men: a@example.org, ö@example.org;, c@example.org\n",
       "To: men =?UTF-8?Q?a=40example=2Eorg=2C_=C3=B6=40example=2Eorg?= :;,\n c@example.org\n"},
      {"To: ö@example.org,,\n", "To: =?UTF-8?Q?=C3=B6=40example=2Eorg?= :;\n"},
      // Parameters.
      {"Content-Type: text/plain; charset=utf-8; name=\"Grüße; 1.txt\"\n",
       "Content-Type: text/plain; charset=utf-8;\n name*=UTF-8''Gr%C3%BC%C3%9Fe%3B%201.txt\n"},
      {"Content-Disposition: attachment; filename=ä\n",
       "Content-Disposition: attachment; filename*=UTF-8''%C3%A4\n"},
      // Under another name.
      {"Message-ID: <ä@example.org>\n",
       "Downgraded-Message-ID: =?UTF-8?Q?=3C=C3=A4=40example=2Eorg=3E?=\n"},
      // Received, as far as it goes.
      {"Received: from a by b id ü for <ö@x>;\n Mon, 1 Jan 2024 00:00:00 +0000\n",
       "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\n"},
      {"Received: from a by b id x for <ö@x>; Mon, 1 Jan 2024 00:00:00 +0000\n",
       "Received: from a by b id x; Mon, 1 Jan 2024 00:00:00 +0000\n"},
      {"Received: from ä by b; Mon, 1 Jan 2024 00:00:00 +0000\n", ""},
      {"Return-Path: <ö@example.org>\n", ""},
      {"DKIM-Signature: i=ö@example.org\n", ""},
      // No fields.
      {"no field: at all\n", "no field: at all\n"},
      {"ä\n", ""},
      {"Nämé: x\n", ""},
  }));
  CAPTURE(row.field);
  CHECK(downgraded(row.field) == row.ascii);
}

TEST_CASE("downgraded field: what comes out is in ASCII and its lines are short", "[message]") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += i % 7 == 0 ? " ü" : i % 3 == 0 ? "好" : "x";
  for (const std::string name : {"Subject", "To", "Message-ID", "Content-Type", "X"}) {
    const std::string value = name == "Content-Type" ? "a/b; name=\"" + text + "\"" : text;
    std::string rest = downgraded(name + ": " + value + "\n");
    CHECK(is_all_ascii(rest));
    CHECK(rest.ends_with('\n'));
    while (!rest.empty()) {
      const std::size_t line = rest.find('\n');
      CHECK(line <= 90);
      rest.erase(0, line + 1);
    }
  }
}

TEST_CASE("downgraded field: unclosed quotes, comments and groups end with the field",
          "[message]") {
  for (const std::string value : {"\"ö", "(ö", "<ö", "ö:", "ö: (", "\"ö\\", "(((((ö", ":ö", ",ö,",
                                  ";ö", "ö:ö:ö:ö:ö", "<>ö", "()ö", "\"\"ö", "@ö", "ö@"}) {
    CAPTURE(value);
    CHECK(is_all_ascii(downgraded("To: " + value + "\n")));
  }
}

}  // namespace message_downgraded_field_test
