#include <catch2/catch.hpp>

#include "ctl/sendmail.h"

namespace ctl_sendmail_options_test {

using postrider::ctl::parse_sendmail;
using postrider::ctl::queue_list_command;
using Strings = std::vector<std::string>;

TEST_CASE("sendmail options: as programs write them", "[ctl]") {
  const auto options = parse_sendmail(
      {"-oi", "-t", "-fada@example.org", "-F", "Ada L.", "-odb", "-N", "never", "anna@a.test"});
  CHECK(options.wrong.empty());
  CHECK_FALSE(options.dot_ends);
  CHECK(options.read_recipients);
  CHECK(options.sender == "ada@example.org");
  CHECK(options.full_name == "Ada L.");
  CHECK(options.recipients == Strings{"anna@a.test"});
}

TEST_CASE("sendmail options: values apart, the null sender, what follows --", "[ctl]") {
  CHECK(parse_sendmail({"-f", "ada@a.test", "x@a.test"}).sender == "ada@a.test");
  CHECK(parse_sendmail({"-f", "", "x@a.test"}).sender == "<>");
  CHECK(parse_sendmail({"-r", "<>", "x@a.test"}).sender == "<>");
  CHECK(parse_sendmail({"--", "-f", "x@a.test"}).recipients == Strings{"-f", "x@a.test"});
  CHECK(parse_sendmail({"-i", "x"}).dot_ends == false);
  CHECK(parse_sendmail({"x"}).dot_ends == true);
  CHECK(parse_sendmail({"-"}).recipients == Strings{"-"});
}

TEST_CASE("sendmail options: letters that share an argument", "[ctl]") {
  struct Case {
    Strings arguments;
    bool dot_ends, read_recipients;
    std::string sender, full_name;
    Strings recipients;
  };
  const Case cases[] = {
      {{"-ti"}, false, true, "", "", {}},
      {{"-it"}, false, true, "", "", {}},
      {{"-vtin"}, false, true, "", "", {}},
      {{"-toi"}, false, true, "", "", {}},
      {{"-ot"}, true, false, "", "", {}},  // a value of o
      {{"-oit"}, true, false, "", "", {}},
      {{"-tfada@a.test", "x@a.test"}, true, true, "ada@a.test", "", {"x@a.test"}},
      {{"-tif", "ada@a.test", "x@a.test"}, false, true, "ada@a.test", "", {"x@a.test"}},
      {{"-fti"}, true, false, "ti", "", {}},
      {{"-iF", "Ada L.", "-t"}, false, true, "", "Ada L.", {}},
      {{"-em", "-q15m", "-pESMTP:it", "x@a.test"}, true, false, "", "", {"x@a.test"}},
      {{"-itd", "x@a.test"}, false, true, "", "", {"x@a.test"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.arguments);
    const auto options = parse_sendmail(c.arguments);
    CHECK(options.wrong.empty());
    CHECK(options.dot_ends == c.dot_ends);
    CHECK(options.read_recipients == c.read_recipients);
    CHECK(options.sender == c.sender);
    CHECK(options.full_name == c.full_name);
    CHECK(options.recipients == c.recipients);
  }
  CHECK(parse_sendmail({"-itf"}).wrong == "-f needs a value");
  CHECK(parse_sendmail({"-ibp"}).list_queue);
}

TEST_CASE("sendmail options: modes", "[ctl]") {
  CHECK(parse_sendmail({"-bp"}).list_queue);
  CHECK(parse_sendmail({"-bm", "x"}).wrong.empty());
  CHECK(parse_sendmail({"-bs"}).wrong == "the mode -bs is not offered");
  CHECK(parse_sendmail({"-f"}).wrong == "-f needs a value");
}

TEST_CASE("sendmail options: -bp lists the queue of the configuration that -C names", "[ctl]") {
  CHECK(queue_list_command(parse_sendmail({"-bp"})) == Strings{"queue", "list"});
  for (const Strings& arguments : {Strings{"-C", "/a.toml", "-bp"}, Strings{"-bp", "-C/a.toml"},
                                   Strings{"-v", "-bp", "-C", "/a.toml"}})
    CHECK(queue_list_command(parse_sendmail(arguments)) ==
          Strings{"--config", "/a.toml", "queue", "list"});
  CHECK(parse_sendmail({"-bp", "-C"}).wrong == "-C needs a value");
}

}  // namespace ctl_sendmail_options_test
