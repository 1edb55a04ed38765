#include "ctl/backup/entry.h"

#include <catch2/catch.hpp>

namespace ctl_backup_entry_test {

using namespace postrider;
using namespace postrider::ctl::backup;

namespace {

Entry file(std::string path) {
  return {.path = std::move(path),
          .size = 4096,
          .mode = 0640,
          .owner = "vmail",
          .group = "vmail",
          .modified_us = 1'800'000'000'123'456,
          .checksum = 0x0123456789abcdefU};
}

std::string without_end(std::string line) {
  REQUIRE(line.ends_with('\n'));
  line.pop_back();
  return line;
}

// A line of which one thing is another.
std::string line_with(const std::string& from, const std::string& to) {
  std::string line = without_end(to_line(file("mail/a")));
  const std::size_t at = line.find(from);
  REQUIRE(at != std::string::npos);
  return line.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("backup entry: what is written is read again, whatever octets a name has", "[backup]") {
  for (const std::string& path : {std::string("mail/example.org/anna/Maildir/cur/1.a.b,S=1:2,S"),
                                  std::string("a b/c\nd"), std::string("\xff\x80\"\\{}%41"),
                                  std::string("data/directory.db"), std::string(kMaxPath, 'x')}) {
    const Entry entry = file(path);
    const std::string line = to_line(entry);
    CHECK(line.size() <= kMaxLine);
    CHECK(line.find('\n') == line.size() - 1);
    const auto read = parse_entry(without_end(line));
    REQUIRE(read);
    CHECK(*read == entry);
  }
}

TEST_CASE("backup entry: a folder has neither size nor checksum", "[backup]") {
  const Entry folder{.kind = EntryKind::folder,
                     .path = "spool/incoming",
                     .mode = 02770,
                     .owner = "pr-queue",
                     .group = "postrider",
                     .modified_us = -1};
  const std::string line = to_line(folder);
  CHECK(line.find("size") == std::string::npos);
  CHECK(line.find("xxh3") == std::string::npos);
  CHECK(*parse_entry(without_end(line)) == folder);
}

TEST_CASE("backup entry: a path never leads out of the backup", "[backup]") {
  for (const char* path : {"a", "a/b", "..a/b..", "a/.b", "...", "a:2,S"})
    CHECK(is_sound_path(path));
  for (const std::string& path :
       {std::string(""), std::string("/"), std::string("/etc/passwd"), std::string(".."),
        std::string("../a"), std::string("a/../b"), std::string("a/."), std::string("./a"),
        std::string("a//b"), std::string("a/"), std::string("a\0b", 3),
        std::string(kMaxPath + 1, 'a')})
    CHECK_FALSE(is_sound_path(path));
  CHECK_FALSE(parse_entry(line_with("mail/a", "mail/../../etc/passwd")));
  CHECK_FALSE(parse_entry(line_with("mail/a", "mail/%2E%2E/a")));  // an escape nobody writes
}

TEST_CASE("backup entry: a line that is not what was written is corrupt", "[backup]") {
  const auto without_close = without_end(to_line(file("mail/a")));
  for (const std::string& line :
       {std::string(""),
        std::string("{}"),
        std::string("[]"),
        std::string("null"),
        without_close.substr(0, without_close.size() - 1),
        line_with("mail/a", "mail a"),
        line_with("mail/a", "mail%2"),
        line_with("mail/a", "mail%zz"),
        line_with("mail/a", "%00"),
        line_with("\"file\"", "\"link\""),
        line_with("\"file\"", "7"),
        line_with("4096", "-1"),
        line_with("4096", "4096.5"),
        line_with("4096", "\"4096\""),
        line_with("0640", "0999"),
        line_with("0640", "77777"),
        line_with("\"0640\"", "416"),
        line_with("0123456789abcdef", "0123456789abcde"),
        line_with("0123456789abcdef", "0123456789abcdeg"),
        line_with("\"vmail\"", "\"\""),
        line_with("\"vmail\"", "\"" + std::string(kMaxOwner + 1, 'v') + "\""),
        line_with("1800000000123456", "\"now\""),
        std::string(kMaxLine + 1, '['),
        std::string(kMaxLine, '[')}) {
    const auto read = parse_entry(line);
    INFO(line.substr(0, 200));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::corrupt);
  }
}

}  // namespace ctl_backup_entry_test
