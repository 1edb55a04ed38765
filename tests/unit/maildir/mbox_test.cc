#include "common/maildir/mbox.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace maildir_mbox_test {

using namespace postrider;
using namespace postrider::maildir;

namespace {

constexpr std::int64_t kTime = 1'800'000'000;

// Messages as they were read, with their times; "-" where there is none.
struct Collected final : MboxReader::Sink {
  Result<void> on_message(std::optional<std::int64_t> seconds) override {
    texts.emplace_back();
    times.push_back(seconds ? fmt::format("{}", *seconds) : "-");
    open = true;
    return {};
  }
  Result<void> on_content(std::string_view text) override {
    REQUIRE(open);
    texts.back() += text;
    return {};
  }
  Result<void> on_end() override {
    REQUIRE(open);
    open = false;
    return {};
  }
  std::vector<std::string> texts, times;
  bool open = false;
};

// In pieces of `piece` octets; the error's text in the place of the messages.
std::vector<std::string> read(std::string_view mbox, std::size_t piece,
                              std::vector<std::string>* times = nullptr) {
  Collected collected;
  MboxReader reader(collected);
  for (std::size_t i = 0; i < mbox.size(); i += piece)
    if (const auto fed = reader.feed(mbox.substr(i, piece)); !fed) return {fed.error().text};
  if (const auto ended = reader.finish(); !ended) return {ended.error().text};
  CHECK_FALSE(collected.open);
  if (times != nullptr) *times = collected.times;
  return collected.texts;
}

std::string write(const std::vector<std::string>& messages, std::size_t piece) {
  std::string mbox;
  MboxWriter writer;
  for (const std::string& message : messages) {
    writer.begin(kTime, mbox);
    for (std::size_t i = 0; i < message.size(); i += piece)
      writer.append(std::string_view(message).substr(i, piece), mbox);
    writer.finish(mbox);
  }
  return mbox;
}

const std::vector<std::string> kMessages{
    "Subject: one\n\nHello.\n",
    "",
    "\n",
    "\n\n\n",
    "From the beginning\n",
    ">From quoted\n>>From twice\n>>>>>>From more\n",
    "a\n\nFrom b\n\n>From c\n\n",
    "F\nFr\nFro\nFrom\nFrom\t\n>F\n>>\n>\n>>Fro\n",
    "from lower\n>from lower\n From space\n",
    "with CR\r\nFrom x\r\n\r\nFrom y\r\n",
    std::string("nul\0 and \xff octets\n", 18),
    "\nFrom after an empty line\n",
    "ends in quotes\n>>>>\n",
};

}  // namespace

TEST_CASE("mbox: what is written is read back octet by octet, whatever the pieces", "[maildir]") {
  const std::string mbox = write(kMessages, 4096);
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 4096U}) {
    CHECK(write(kMessages, piece) == mbox);
    CHECK(read(mbox, piece) == kMessages);
  }
}

TEST_CASE("mbox: a last line without a line end has one then", "[maildir]") {
  for (const std::string text : {"abc", ">From", "From ", "From", ">>", "a\n>"})
    CHECK(read(write({text, "x\n"}, 1), 1) == std::vector<std::string>{text + "\n", "x\n"});
}

TEST_CASE("mbox: the separator says when a message came", "[maildir]") {
  std::vector<std::string> times;
  const std::string mbox = write({"x\n"}, 9);
  CHECK(mbox == "From MAILER-DAEMON Fri Jan 15 08:00:00 2027\nx\n\n");
  read(mbox, 99, &times);
  CHECK(times == std::vector<std::string>{fmt::format("{}", kTime)});
}

TEST_CASE("mbox: dates as other programs write them", "[maildir]") {
  struct Row {
    const char* separator;
    std::optional<std::int64_t> seconds;
  };
  const Row row = GENERATE(values<Row>({
      {"From a@b Thu Jan  1 00:00:00 1970", 0},
      {"From a@b Fri Jan 15 08:00:00 2027", kTime},
      {"From a@b Fri Jan 15 08:00 2027", kTime},
      {"From a@b Fri Jan 15 08:00:00 UTC 2027", kTime},
      {"From a@b Fri Jan 15 08:00:00 2027 +0100", kTime},
      {"From Jan Fri Jan 15 08:00:00 2027", kTime},
      {"From - Fri Jan 15 08:00:00 2027", kTime},
      {"From Feb 99 1 2 Fri Jan 15 08:00:00 2027", kTime},
      {"From a@b", {}},
      {"From ", {}},
      {"From a@b Fri Foo 15 08:00:00 2027", {}},
      {"From a@b Fri Feb 30 08:00:00 2027", {}},
      {"From a@b Fri Jan 15 24:00:00 2027", {}},
      {"From a@b Fri Jan 15 08-00-00 2027", {}},
      {"From a@b Fri Jan 15 08:00:00", {}},
      {"From a@b Fri Jan -5 08:00:00 2027", {}},
      {"From a@b Fri Jan 15 08:00:00 20277", {}},
  }));
  INFO(row.separator);
  CHECK(separator_time(row.separator) == row.seconds);
}

TEST_CASE("mbox: a line From without an empty line before it is the message's", "[maildir]") {
  CHECK(read("From a\nx\nFrom y\n\nFrom b\nz\n", 3) ==
        std::vector<std::string>{"x\nFrom y\n", "z\n"});
}

TEST_CASE("mbox: the last message may end in any way", "[maildir]") {
  for (const char* mbox : {"From a\nx\n", "From a\nx\n\n", "\n\nFrom a\nx\n\n"})
    CHECK(read(mbox, 1) == std::vector<std::string>{"x\n"});
  CHECK(read("From a\nx", 1) == std::vector<std::string>{"x"});
  CHECK(read("From a\n", 1) == std::vector<std::string>{""});
  CHECK(read("", 1).empty());
  CHECK(read("\n", 1).empty());
}

TEST_CASE("mbox: what is none is refused", "[maildir]") {
  CHECK_THAT(read("Subject: x\n", 1)[0], Catch::Contains("does not begin with a line \"From \""));
  CHECK_THAT(read(">From x\n", 1)[0], Catch::Contains("does not begin"));
  CHECK_THAT(read("Fro", 1)[0], Catch::Contains("ends within"));
  CHECK_THAT(read("From a@b", 1)[0], Catch::Contains("ends within"));
  CHECK_THAT(read("From " + std::string(MboxReader::kMaxSeparator + 1, 'x') + "\n", 1000)[0],
             Catch::Contains("too long"));
}

}  // namespace maildir_mbox_test
