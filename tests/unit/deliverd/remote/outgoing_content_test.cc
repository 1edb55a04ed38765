#include "deliverd/remote/outgoing_content.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/base/fd.h"

namespace deliverd_remote_outgoing_content_test {

using namespace postrider;
using namespace postrider::deliverd;

namespace {

struct Spooled {
  explicit Spooled(const std::string& content) : fd(::memfd_create("spool", MFD_CLOEXEC)) {
    const std::string file = "before" + content + "after";
    REQUIRE(::write(fd.get(), file.data(), file.size()) == static_cast<ssize_t>(file.size()));
    job.set_offset(6);
    job.set_length(content.size());
    job.set_checksum(XXH3_64bits(content.data(), content.size()));
    job.set_trace("Received: here\r\n");
  }
  // All blocks together; `last_block` is what the last one was.
  std::string read() {
    OutgoingContent content(job, fd.get());
    std::string out;
    do last_block = content.append_next(out);
    while (last_block == OutgoingContent::Block::more);
    return out;
  }
  Fd fd;
  ipc::Job job;
  OutgoingContent::Block last_block = OutgoingContent::Block::more;
};

}  // namespace

TEST_CASE("deliverd outgoing content: trace fields come first, dots are stuffed, the end is told",
          "[deliverd]") {
  Spooled spooled("a\r\n.b\r\n");
  CHECK(spooled.read() == "Received: here\r\na\r\n..b\r\n.\r\n");
  CHECK(spooled.last_block == OutgoingContent::Block::last);
  Spooled empty("");
  CHECK(empty.read() == "Received: here\r\n.\r\n");
}

TEST_CASE("deliverd outgoing content: what is longer than a block comes in several and is the same",
          "[deliverd]") {
  const auto size = GENERATE(OutgoingContent::kBlock - 1, OutgoingContent::kBlock,
                             OutgoingContent::kBlock + 1, 3 * OutgoingContent::kBlock + 17);
  std::string text;
  while (text.size() < size) text += ".\r\n";
  text.resize(size - 2);
  text += "\r\n";
  smtp::DotStuffer stuffer;
  std::string expected;
  stuffer.append("Received: here\r\n", expected);
  stuffer.append(text, expected);
  stuffer.finish(expected);
  Spooled spooled(text);
  CHECK((spooled.read() == expected));
  CHECK(spooled.last_block == OutgoingContent::Block::last);
}

TEST_CASE("deliverd outgoing content: chunks are the octets as they are, of just their length",
          "[deliverd]") {
  std::string text = ".dot\r\n";
  text.resize(2 * OutgoingContent::kBlock + 17, '.');
  Spooled spooled(text);
  const std::string whole = spooled.job.trace() + text;
  const auto chunk = GENERATE(std::size_t{1000}, OutgoingContent::kBlock,
                              OutgoingContent::kBlock + 100, std::size_t{1} << 20U);
  OutgoingContent content(spooled.job, spooled.fd.get());
  std::string out;
  auto block = OutgoingContent::Block::chunk_end;
  for (std::size_t end = 0; block != OutgoingContent::Block::last;) {
    REQUIRE(end < whole.size());
    end = std::min(end + chunk, whole.size());
    content.begin_chunk(end - out.size());
    do block = content.append_next(out);
    while (block == OutgoingContent::Block::more);
    REQUIRE(out.size() == end);
  }
  CHECK((out == whole));
}

TEST_CASE("deliverd outgoing content: a chunk may end within the trace fields", "[deliverd]") {
  Spooled spooled("body\r\n");
  OutgoingContent content(spooled.job, spooled.fd.get());
  std::string out;
  content.begin_chunk(3);
  CHECK(content.append_next(out) == OutgoingContent::Block::chunk_end);
  CHECK(out == "Rec");
  content.begin_chunk(spooled.job.trace().size());
  CHECK(content.append_next(out) == OutgoingContent::Block::chunk_end);
  CHECK(out == "Received: here\r\nbod");
  content.begin_chunk(3);
  CHECK(content.append_next(out) == OutgoingContent::Block::last);
  CHECK(out == "Received: here\r\nbody\r\n");
}

TEST_CASE("deliverd outgoing content: of damaged content the last chunk is never whole",
          "[deliverd]") {
  Spooled spooled(std::string(2 * OutgoingContent::kBlock + 10, 'x'));
  REQUIRE(::pwrite(spooled.fd.get(), "y", 1, 10) == 1);
  const std::size_t size = spooled.job.trace().size() + spooled.job.length();
  OutgoingContent content(spooled.job, spooled.fd.get());
  std::string out;
  content.begin_chunk(size - 5);
  while (content.append_next(out) == OutgoingContent::Block::more) {
  }
  content.begin_chunk(5);
  CHECK(content.append_next(out) == OutgoingContent::Block::corrupt);
  CHECK(out.size() == size - 5);
}

TEST_CASE("deliverd outgoing content: damage shows before the end of the data is given out",
          "[deliverd]") {
  const auto size = GENERATE(std::size_t{10}, 2 * OutgoingContent::kBlock + 10);
  Spooled spooled(std::string(size, 'x'));
  SECTION("a changed octet") { REQUIRE(::pwrite(spooled.fd.get(), "y", 1, 10) == 1); }
  SECTION("a file that was cut") { REQUIRE(::ftruncate(spooled.fd.get(), 12) == 0); }
  const std::string out = spooled.read();
  CHECK(spooled.last_block == OutgoingContent::Block::corrupt);
  CHECK_FALSE(out.ends_with("\r\n.\r\n"));
}

TEST_CASE("deliverd outgoing content: any flipped bit shows before the end is given out",
          "[deliverd]") {
  const std::string content = "Subject: bits\r\n\r\neach of them\r\n";
  Spooled spooled(content);
  for (std::size_t bit = 0; bit < 8 * content.size(); ++bit) {
    const auto at = static_cast<off_t>(spooled.job.offset() + bit / 8);
    const char octet = content[bit / 8];
    const char flipped = static_cast<char>(octet ^ (1 << (bit % 8)));
    REQUIRE(::pwrite(spooled.fd.get(), &flipped, 1, at) == 1);
    CAPTURE(bit);
    CHECK_FALSE(spooled.read().ends_with("\r\n.\r\n"));
    CHECK(spooled.last_block == OutgoingContent::Block::corrupt);
    REQUIRE(::pwrite(spooled.fd.get(), &octet, 1, at) == 1);
  }
}

TEST_CASE("deliverd outgoing content: a failed read is told apart from damage", "[deliverd]") {
  Spooled spooled("abc\r\n");
  spooled.fd.reset(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  CHECK(spooled.read().empty());
  CHECK(spooled.last_block == OutgoingContent::Block::unreadable);
}

}  // namespace deliverd_remote_outgoing_content_test
